"""What a real cluster can do and the emulator cannot: answered with a clear 501, not a 404."""

import re

# Areas of the API that the emulator lacks completely, from all generations of the public SDK.
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
    "v3": "cluster network nfs replication smb upgrade",
    "v4": "replication smb",
    "v5": "cluster",
}
# Unsupported paths in areas that the emulator supports in part.
_OTHER_PATHS = (
    r"/v1/auth/(?!access-tokens(/|$)).+",
    r"/v1/roles.*",
    r"/v1/session/(change-password|kv/.*|start-saml-login|retrieve-saml-login)",
    r"/v1/network/(settings|static-ip-allocation|floating-ip-allocation)",
    r"/v2/network/(connections/|interfaces/[^/]+/(networks/.*|status/.+))",
    r"/v1/cluster/(slots/.*|protection/.*|create.*|restriper/.*|settings/.+|time|halt|reboot)",
    r"/v1/cluster/(object-backed/.+|node-replacement-plan/|calculate-node-add-capacity)",
    r"/v1/cluster/nodes/((chassis|uid-lights)/.*|[^/]+/.+)",
    r"/v2/cluster/.+",
    r"/v1/file-system/.+",
    r"/v1/files/[^/]+/info/(acl|acl/.*|user-metadata/.*)",
    r"/v1/files/[^/]+/(streams/.*|locks/.*|sample/|copy-chunk|punch-hole|fetch-data|notify.*)",
    r"/v1/files/[^/]+/(file-lock|delete|delete-tree(/status)?|user-metadata.*|data/.*)",
    r"/v1/files/(quotas/.*|locks/.*|notify.*|data/capacity/)",
    r"/v1/snapshots/",
    r"/v1/snapshots/(\d+|status/\d*|calculate-used-capacity|capacity-used-per-snapshot/.*)",
    r"/v[12]/snapshots/policies/.*",
    r"/v3/snapshots/policies/status/.*",
    r"/v2/snapshots/\d+/lock",
    r"/v[23]/snapshots/\d+/(unlock|unlock-challenge)",
)
_KNOWN = re.compile(
    "|".join(
        [
            *(rf"/{api}/({'|'.join(areas.split())})(/.*)?" for api, areas in _AREAS.items()),
            *_OTHER_PATHS,
        ]
    )
)
# Methods that the public SDK uses on paths that the emulator serves with other methods.
_METHODS = re.compile(
    r"POST /v1/cluster/nodes/|PATCH /v3/snapshots/policies/[^/]+|"
    r"(POST|PUT|PATCH|DELETE) /v2/network/interfaces/[^/]*"
)


def is_unsupported(method: str, path: str) -> bool:
    """Return whether a real cluster supports this method of a path, given as it was sent."""
    known = _KNOWN.fullmatch(path) or _METHODS.fullmatch(f"{method} {path}")
    return known is not None
