"""The Dockerfile and the compose file, without Docker: linted, and their commands run by hand.

The folders of the images lie in a folder of this machine; the emulator and the tool are processes
of it. What only an engine can do, such as mounting volumes, is not tested.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.packages.conftest import PROGRAMS, REPOSITORY, Built, outside_environment, run

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))
PASSWORD = "of-the-emulator"
FOLDERS = ("certificate", "cluster", "emulator-state", "lists", "opt", "source", "wheels")


def instructions(stage: str, word: str) -> list[str]:
    """Return what follows each instruction of a kind in a stage of the Dockerfile, in one line."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE)
    pattern = rf"^FROM \S+ AS {stage}\n(.*?)(?=^FROM|\Z)"
    (body,) = re.findall(pattern, text, re.DOTALL | re.MULTILINE)
    return re.findall(rf"^{word} (.*)", body, re.MULTILINE)


class Image(NamedTuple):
    """The folders of an image, in a folder."""

    root: Path

    def place(self, text: str) -> str:
        """Return a text with the folders of the image where they are here."""
        return re.sub(rf"(?<![\w.])/({'|'.join(FOLDERS)})\b", rf"{self.root}/\1", text)

    def words(self, stage: str, word: str) -> list[str]:
        """Return the only instruction of a kind in a stage, which is a list of words."""
        (found,) = instructions(stage, word)
        return [self.place(one) for one in json.loads(found)]

    def environment(self) -> dict[str, str]:
        return outside_environment() | {
            "PATH": f"{self.root}/opt/qumulo-changelist/bin:/usr/bin:/bin",
            "QUMULO_EMULATOR_PASSWORD": PASSWORD,
            "XDG_STATE_HOME": str(self.root / "state"),
        }


@pytest.fixture(scope="module")
def image(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What the stages up to `emulator-environment` make of the context that Docker is given."""
    made = Image(tmp_path_factory.mktemp("image"))
    for folder in FOLDERS:
        (made.root / folder).mkdir()
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    for name in (line[1:] for line in ignored if line.startswith("!")):
        copy = shutil.copytree if (built.source / name).is_dir() else shutil.copy2
        copy(built.source / name, made.root / "source" / name)
    # An image of Python has these.
    (made.root / "python").mkdir()
    for name in ("pip", "python"):
        (made.root / "python" / name).symlink_to(PROGRAMS / name)
    for stage in ("wheel", "emulator-environment"):
        (command,) = instructions(stage, "RUN")
        done = subprocess.run(
            # With pip's cache, which only an image has no use for.
            ["/bin/sh", "-c", made.place(command).replace("--no-cache-dir", "")],
            cwd=made.root / "source",
            env=outside_environment()
            | {"PATH": f"{made.root}/python:/usr/bin:/bin", "PIP_NO_COMPILE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def emulator(image: Image) -> Iterator[int]:
    """The port of the emulator, started as its image starts it."""
    command = image.words("emulator", "ENTRYPOINT") + image.words("emulator", "CMD")
    with subprocess.Popen(
        [*command, "--port", "0"], env=image.environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["port"]
        finally:
            process.send_signal(signal.SIGTERM)


def check_health(image: Image, port: int) -> int:
    (found,) = instructions("emulator", "HEALTHCHECK")
    command = json.loads(image.place(found.partition(" CMD ")[2]).replace(":8000/", f":{port}/"))
    return subprocess.run(command, env=image.environment(), capture_output=True).returncode


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    printed = run(PROGRAMS / "hadolint", "--failure-threshold", "style", REPOSITORY / "Dockerfile")

    assert printed == ""


def test_what_docker_is_given_is_enough_for_the_same_wheel(built: Built, image: Image) -> None:
    (wheel,) = (image.root / "wheels").iterdir()

    assert wheel.name == built.wheel.name
    assert wheel.read_bytes() == built.wheel.read_bytes()


def test_both_images_are_made_alike_and_have_the_extras_of_their_users() -> None:
    (tool,) = instructions("tool-environment", "RUN")
    (emulator,) = instructions("emulator-environment", "RUN")

    assert tool.replace("[dask,parquet,report]", "[emulator]") == emulator


def test_the_images_run_as_a_user_who_owns_what_is_written() -> None:
    (command,) = instructions("runtime", "RUN")
    assert instructions("runtime", "USER") == ["10001:10001"]
    assert "useradd --uid 10001 --user-group" in command
    for stage in ("emulator", "tool"):
        assert instructions(stage, "USER") == []
        (volumes,) = instructions(stage, "VOLUME")
        for volume in json.loads(volumes):
            assert volume in command.split()


def test_the_emulator_is_healthy_as_long_as_it_answers(image: Image, emulator: int) -> None:
    assert check_health(image, emulator) == 0
    assert check_health(image, port=9) != 0


def test_the_tool_trusts_the_emulator_and_runs_the_project_of_the_compose_file(
    image: Image, emulator: int
) -> None:
    files = {}
    for name, config in COMPOSE["configs"].items():
        text = re.sub(r"\$\{QUMULO_EMULATOR_PASSWORD:[^}]*\}", PASSWORD, config["content"])
        text = image.place(text).replace("IP=emulator", "IP=localhost")
        files[name] = image.root / f"{name}.file"
        files[name].write_text(text.replace("Port=8000", f"Port={emulator}"))
    variables = image.environment() | {
        "QUMULO_CHANGELIST_CONFIG": str(files["cluster"]),
        "QUMULO_CHANGELIST_PROJECTS": str(files["projects"]),
    }
    (image.root / "cluster" / "a.mov").write_text("media")
    (tool,) = image.words("tool", "ENTRYPOINT")

    checked = subprocess.run(
        [tool, *COMPOSE["services"]["tool"]["command"]],
        env=variables, capture_output=True, text=True,
    )  # fmt: skip
    listed = subprocess.run(
        [tool, "run", "show1", "--commit"], env=variables, capture_output=True, text=True
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    made = image.root / "lists" / "sdna-scan-files" / "5f1c9a52" / "1-files.xml"
    assert (listed.returncode, listed.stdout) == (0, f"{made}\n"), listed.stderr
    assert '<file name="/a.mov"' in made.read_text()


def test_the_compose_file_names_what_the_dockerfile_has() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert service["build"]["target"] == name
        (volumes,) = instructions(name, "VOLUME")
        mounted = {one.split(":")[1] for one in service["volumes"]}
        assert set(json.loads(volumes)) <= mounted
        assert {one.split(":")[0] for one in service["volumes"]} <= set(COMPOSE["volumes"])
    assert services["tool"]["depends_on"] == {"emulator": {"condition": "service_healthy"}}
    assert instructions("emulator", "HEALTHCHECK")
    variables = dict(one.split("=") for one in shlex.split(instructions("tool", "ENV")[0]))
    targets = {one["source"]: one["target"] for one in services["tool"]["configs"]}
    assert targets["cluster"] == variables["QUMULO_CHANGELIST_CONFIG"]
    assert targets["projects"] == "/etc/qumulo-changelist/projects.toml"
    assert f"IP={services['emulator']['hostname']}\n" in COMPOSE["configs"]["cluster"]["content"]


WORKERS: dict[str, Any] = yaml.safe_load(
    (REPOSITORY / "examples" / "dask" / "compose.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", ["scheduler", "worker"])
def test_workers_are_started_with_options_that_dask_has_and_files_that_are_mounted(
    name: str,
) -> None:
    service = WORKERS["services"][name]
    entrypoint, words = service["entrypoint"], service["command"]
    assert entrypoint == ["dask", name]
    help_text = run(PROGRAMS / "dask", name, "--help")
    unit = REPOSITORY / "examples" / "systemd" / f"qumulo-changelist-{name}.service"
    for option in re.findall(r" (--[\w-]+)", unit.read_text(encoding="utf-8")):
        assert re.search(rf"{option}\b", help_text), option
    for word in words:
        option, _, value = word.partition("=")
        assert option == "tls://scheduler:8786" or re.search(rf"{option}\b", help_text), word
        if value.endswith(".pem"):
            assert f"./dask-tls/{Path(value).name}:{value}:ro" in service["volumes"]
    port = WORKERS["services"]["scheduler"]["command"][0].partition("=")[2]
    assert f"{port}:{port}" in WORKERS["services"]["scheduler"]["ports"]


def test_neither_file_has_a_password() -> None:
    for name in ("Dockerfile", "compose.yaml"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        for value in re.findall(r"P(?:ASSWORD|assword)(?:: |=)(\S+)", text):
            assert value.startswith(("${QUMULO_EMULATOR_PASSWORD:?", '"$(openssl')), value


def test_docker_compose_accepts_the_compose_file() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("there is no docker compose")
    command = (docker, "compose", "--file", REPOSITORY / "compose.yaml", "config", "--quiet")

    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert "choose a password" in done.stderr
    run(*command, QUMULO_EMULATOR_PASSWORD=PASSWORD)
