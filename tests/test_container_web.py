"""The page for real: its own user, its port from systemd, in a Debian that boots its own systemd.

It needs the tree of test_container.py, named by PI_READER_WEB_ROOT.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from container import Container, booted, may_do_no_more

pytestmark = pytest.mark.emulated

SERVICE, SOCKET = "pi-reader-web.service", "pi-reader-web.socket"
VISIT = """
import http.client, json, sys, threading, time
def ask(method, path, body=None, token="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=60)
    sent = {"Origin": "http://127.0.0.1"} | headers
    if token: sent["Authorization"] = "Bearer " + token
    if body is not None: sent["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), sent)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Container]:
    with booted("PI_READER_WEB_ROOT", "usr/bin/systemctl") as container:
        yield container


def visit(box: Container, script: str) -> str:
    """Run Python in it, as somebody at a browser would be; gives what it prints."""
    done = box.run("/usr/bin/python3", "-c", VISIT + script, check=False)
    assert done.returncode == 0, (done.stderr[-2000:], box.journal(SERVICE)[-2000:])
    return done.stdout


def token(box: Container, *more: str) -> str:
    return box.run("pi-reader", "web", "token", *more).stdout.strip()


def memory(box: Container, unit: str) -> int:
    """KiB of a unit's main process."""
    pid = box.show(unit, "MainPID")
    return int(box.shell(f"grep VmRSS /proc/{pid}/status").stdout.split()[1])


def test_is_there_only_when_asked_for(box: Container) -> None:
    (box.root / "etc/pi-reader").mkdir(exist_ok=True)
    (box.root / "etc/pi-reader/config.toml").write_text('[camera]\nkind = "desk"\n')
    box.setup("install")
    assert box.run("getent", "passwd", "pi-reader-web", check=False).returncode != 0
    assert box.state(SOCKET) == "inactive"
    box.setup("install", "--web")
    assert box.state(SOCKET) == "active" and box.state(SERVICE) == "inactive"
    assert "may see how the box is doing" in box.setup("check").stdout
    box.wait_for("pi-reader.service", "active")


def test_starts_with_the_first_visitor_and_lets_in_who_has_the_code(box: Container) -> None:
    said = box.run("pi-reader", "web", "code").stdout
    code = said.split()[0]
    print(visit(box, f"""
began = time.monotonic()
status, page, headers = ask("GET", "/")
assert status == 200 and b"<html" in page, (status, page)
print("first visit", round(time.monotonic() - began, 2), "s")
assert ask("GET", "/api/1/settings")[0] == 401
status, content, headers = ask("POST", "/api/1/session", {{"code": "{code}"}})
assert status == 200, content
assert ask("GET", "/api/1/settings", Cookie=headers["Set-Cookie"].split(";")[0])[0] == 200
"""))  # fmt: skip
    assert box.state(SERVICE) == "active" and box.show(SERVICE, "User") == "pi-reader-web"
    assert "owner" in box.run("pi-reader", "web", "status").stdout


def test_everything_works_behind_the_units_walls(box: Container) -> None:
    print(visit(box, f"""
token = "{token(box)}"
def get(path): return ask("GET", "/api/1/" + path, token=token)
for path in ("state", "readings", "samples", "generations", "settings", "training", "health"):
    status, content, _ = get(path)
    assert status == 200, (path, content)
assert json.loads(get("state")[1])["running"]
for _ in range(3):
    status, picture, headers = get("frame.jpg")
    assert status == 200 and picture[:2] == b"\\xff\\xd8", (status, picture[:300])
for _ in range(60):
    reading = json.loads(get("reading")[1])
    if reading["reading"]: break
    time.sleep(0.5)
number = reading["event"]
began = time.monotonic()
seven = {{"place": 0, "digit": 7}}
status, content, _ = ask("POST", f"/api/1/readings/{{number}}/labels", seven, token)
assert status == 200, content
print("labelled on the card in", round(time.monotonic() - began, 2), "s")
assert json.loads(get("samples")[1])["counts"]["labelled"] == 1
status, content, headers = get("settings")
status, content, _ = ask("PATCH", "/api/1/settings", {{"night.starts": "03:00"}}, token,
    **{{"If-Match": headers["ETag"]}})
assert status == 200, content
time.sleep(3)
assert json.loads(get("state")[1])["running"]
began = time.monotonic()
while json.loads(get("health")[1])["age"] is None: time.sleep(0.5)
print("the doctor took", round(time.monotonic() - began, 1), "s")
names = {{one["name"]: one["verdict"] for one in json.loads(get("health")[1])["checks"]}}
assert "disk" not in names and "weights" in names, names
assert "wrong" not in names.values(), names
"""))  # fmt: skip
    assert "03:00" in box.run("cat", "/var/lib/pi-reader/own.toml").stdout
    print("page", memory(box, SERVICE), "KiB")
    assert memory(box, SERVICE) < 28 << 10


VIEWERS = """
gaps = []
def watch():
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=60)
    connection.request("GET", "/api/1/events", headers={"Authorization": "Bearer %s"})
    answer, last = connection.getresponse(), time.monotonic()
    while True:
        if answer.readline().startswith(b"event: view"):
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
def status():
    return json.load(open("/run/pi-reader/status.json"))
for _ in range(%d): threading.Thread(target=watch, daemon=True).start()
time.sleep(12)
gaps.clear()
before = status()
time.sleep(25)
after, gaps = status(), sorted(gaps) or [0.0]
looks, seconds = (after[key] - before[key] for key in ("frames", "updated"))
said = {"looks a second": looks / seconds}
print(json.dumps(said | {"gap p95": gaps[len(gaps) * 95 // 100], "worst": gaps[-1]}))
"""


def test_twenty_viewers_do_not_hold_the_reader_up(box: Container) -> None:
    key, rates = token(box), []
    for viewers in (0, 20):
        said = json.loads(visit(box, VIEWERS % (key, viewers)))
        print(f"{viewers} viewers: {said}; page {memory(box, SERVICE)} KiB")
        rates.append(said["looks a second"])
    assert rates[1] > 0.9 * rates[0]
    assert memory(box, SERVICE) < 28 << 10


def test_the_pages_user_may_do_nothing_else(box: Container) -> None:
    denied = (
        "touch /var/lib/pi-reader/requests/retrain",
        "cat /var/lib/pi-reader/samples.db",
        "cat /var/lib/pi-reader/own.toml",
        "cat /run/pi-reader/lock",
        "touch /run/pi-reader/x",
        "touch /run/pi-reader/view/latest",
        "pi-reader weights rollback",
    )
    asked = (
        ("pi-reader-web", "show generations", 0),
        ("pi-reader-web", "samples export", 2),
        ("nobody", "help", 1),  # the socket is closed to it
    )
    may_do_no_more(box, "pi-reader-web", denied, asked)
    assert box.shell("pi-reader web revoke --all").stdout.endswith("ended\n")
    assert visit(box, 'print(ask("GET", "/api/1/session")[1])').count("guest")


def test_ends_when_nobody_comes_and_starts_anew(box: Container) -> None:
    folder = box.root / "etc/systemd/system" / f"{SERVICE}.d"
    folder.mkdir()
    python = "from pi_reader.web import server; server.IDLE_SECONDS = 3.0; "
    python += "from pi_reader.cli.main import main; main(['web', 'run'])"
    start = f'ExecStart=/opt/pi-reader/bin/python -I -c "{python}"'
    (folder / "tune.conf").write_text(f"[Service]\nExecStart=\n{start}\n")
    box.shell(f"systemctl daemon-reload; systemctl stop {SERVICE}")
    for _ in range(2):
        assert visit(box, 'print(ask("GET", "/api/1/session")[0])').strip() == "200"
        assert box.state(SERVICE) == "active"
        box.wait_for(SERVICE, "inactive", 30)
        assert box.state(SOCKET) == "active" and box.show(SERVICE, "Result") == "success"
    box.run("systemctl", "kill", "-s", "KILL", "pi-reader.service")
    said = json.loads(visit(box, 'print(ask("GET", "/api/1/state")[1].decode())'))
    assert set(said) >= {"running", "problem", "status"}


def test_goes_when_that_is_asked_for(box: Container) -> None:
    box.setup("install", "--no-web")
    assert box.state(SOCKET) == "inactive" and box.state("pi-reader-clerk.socket") == "inactive"
    box.setup("install", "--web")
    assert box.state(SOCKET) == "active"
    box.setup("uninstall")
    units = "ls /etc/systemd/system | grep pi-reader | grep -v '[.]d$'"  # what was tuned stays
    assert box.shell(units, check=False).stdout == ""
    box.setup("uninstall", "--purge")
    for kind in ("passwd", "group"):
        assert "pi-reader" not in box.run("getent", kind).stdout
    left = "find / -xdev -name 'pi-reader*' -not -path '/src/*' -not -path '/proc/*'"
    assert box.shell(left).stdout.split() in ([], [f"/etc/systemd/system/{SERVICE}.d"])
