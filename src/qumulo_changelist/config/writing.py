"""Our keys as a configuration of our own, in the form in which the archiver keeps its own. Pure."""

from collections.abc import Mapping

from qumulo_changelist.config.content import SECTION, parse_content
from qumulo_changelist.config.keys import make_settings
from qumulo_changelist.config.qt_settings import encode_value
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import ConfigurationError


def render_configuration(settings: Settings) -> str:
    """Return the text of a configuration file that reads as these settings.

    Raises:
        ConfigurationError: no file can: a value is one that a key cannot have.
    """
    keys = _keys_of(settings)
    lines = [f"{key}={encode_value(value)}" for key, value in keys.items() if value]
    text = "\n".join([f"[{SECTION}]", *lines, ""])
    try:
        values = parse_content(text.encode())
    except UnicodeEncodeError:
        raise ConfigurationError(
            "a value is not Unicode, so no configuration can hold it"
        ) from None
    made = _keys_of(make_settings(values, "the new configuration"))
    if different := [key for key in keys if made[key] != keys[key]]:
        raise ConfigurationError(f"no configuration can hold such a value for {different[0]}")
    return text


def _keys_of(settings: Settings) -> Mapping[str, str]:
    token = settings.access_token
    return {
        "QumuloClusterIP": ",".join(settings.hosts),
        "QumuloClusterPort": str(settings.port),
        "QumuloUsername": settings.username,
        "QumuloPassword": settings.password.reveal(),
        "QumuloAccessToken": token.reveal() if token else "",
        "QumuloTransport": settings.transport,
        "QumuloCertificateFingerprint": settings.fingerprint,
        "QumuloCAFile": settings.ca_file,
        "QumuloQqPath": settings.qq_path,
        "QumuloVerifyTLS": "" if settings.verify_tls else "false",
        "FastScanWorkFolder": settings.work_folder,
    }
