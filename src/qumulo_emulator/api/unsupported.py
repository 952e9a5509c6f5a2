"""What a real cluster can do and the emulator cannot: answered with a loud 501, not a 404."""

from __future__ import annotations

import re

# Areas of the API of which the emulator has nothing, as named by the public SDK's generations.
_AREAS = {
    "v0": "ftp",
    "v1": (
        "ad analytics audit authoritative-dns capacity checksumming dns encryption groups health"
        " identity ldap license metrics multitenancy nexus node object-portal object-storage portal"
        " rdma s3 saml shutdown smb support time tree-delete unconfigured upgrade users web-ui nfs"
        " ftp replication roles conversion"
    ),
    "v2": (
        "ad analytics audit encryption identity ldap metrics nfs object-storage portal replication"
        " smb time upgrade files"
    ),
    "v3": "network nfs replication smb upgrade",
    "v4": "replication smb",
    "v5": "cluster",
}
# The rest of areas of which the emulator has a part.
_REST = (
    r"/v1/auth/(?!access-tokens(/|$)).+",
    r"/v1/roles.*",
    r"/v1/session/(change-password|kv/.*|start-saml-login|retrieve-saml-login)",
    r"/v1/network/settings",
    r"/v2/network/interfaces/[^/]+/networks/.*",
    r"/v1/cluster/(slots/.*|protection/.*|create.*|restriper/.*|settings/.+|time|nodes/chassis/.*)",
    r"/v1/cluster/nodes/[^/]+/.+",
    r"/v2/cluster/.+",
    r"/v1/file-system/.+",
    r"/v1/files/[^/]+/info/(acl|acl/.*|user-metadata/.*)",
    r"/v1/files/[^/]+/(streams/.*|locks/.*|sample/|copy-chunk|punch-hole|fetch-data|notify.*)",
    r"/v1/files/[^/]+/(file-lock|delete|user-metadata.*|data/.*)",
    r"/v1/files/(quotas/.*|locks/.*|notify.*)",
    r"/v1/snapshots/",
    r"/v1/snapshots/(\d+|status/\d*|calculate-used-capacity|capacity-used-per-snapshot/.*)",
    r"/v[123]/snapshots/policies/.*",
    r"/v[23]/snapshots/\d+/(lock|unlock|unlock-challenge)",
)
_KNOWN = re.compile(
    "|".join(
        [
            *(rf"/{api}/({'|'.join(areas.split())})(/.*)?" for api, areas in _AREAS.items()),
            *_REST,
        ]
    )
)
# Published methods of paths that are served for other methods.
_METHODS = {("POST", "/v1/cluster/nodes/")}


def is_unsupported(method: str, path: str) -> bool:
    """Whether a real cluster knows a path, as it was sent, or this method of it."""
    return (method, path) in _METHODS or _KNOWN.fullmatch(path) is not None
