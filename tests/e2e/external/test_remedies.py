"""Whoever does what pip prints gets on: every kind of refusal, followed to its end.

``tests/test_remedies.py`` compares what is covered here with every remedy and every error that there is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.external import Pin, digests, flipped, rim_of, write_table
from tests.support.follower import Follower
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment
    from tests.support.wheels import Artifact

OLD, NEW = (wheel("big-model", version, origin="owner") for version in ("1.0", "1.3"))
EARLY = wheel("big-model", "1.4rc1", origin="owner")
OTHERS = wheel("big-model", "1.3", origin="attacker")
SHA256 = ["sha256"]
VARIABLE = "RIM_ROUTER_TEST_HOST"
AT = f"/w/{NEW.filename}"

Make = Callable[["World"], "tuple[Environment, list[str]]"]


@dataclass(frozen=True)
class Refusal:
    """A kind of refusal.

    :param covers: the functions of ``rules/remedies.py`` and the references of errors that it shows.
    :param make: sets the stage; returns who runs pip, and its arguments.
    :param installs: the version that is installed in the end; None: pip says that there is no way here.
    :param prefers: see :class:`Follower`.
    """

    name: str
    covers: tuple[str, ...]
    make: Make
    installs: str | None = "1.3"
    prefers: str = ""
    values: dict[str, str] = field(default_factory=dict)


REFUSALS: list[Refusal] = []
INSTALL = ["install", "big-model"]


def refusal(
    *covers: str, installs: str | None = "1.3", prefers: str = "", values: dict[str, str] | None = None
) -> Callable[[Make], Make]:
    """Add a kind of refusal to the list."""

    def add(make: Make) -> Make:
        REFUSALS.append(Refusal(make.__name__, covers, make, installs, prefers, values or {}))
        return make

    return add


def at_cdn(world: World, artifact: Artifact, **options: object) -> str:
    return world.show_at(world.cdn, artifact, **options)


# Files of indexes


@refusal("allow_host")
def an_unlisted_host(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=SHA256)
    return world.routed(), INSTALL


@refusal("allow_host")
def a_newer_file_that_is_passed_over(world: World) -> tuple[Environment, list[str]]:
    world.index.place(OLD, hashes=SHA256)
    at_cdn(world, NEW, hashes=SHA256)
    return world.routed(), ["install", "--upgrade", "big-model"]


@refusal("allow_host")
def a_conflict(world: World) -> tuple[Environment, list[str]]:
    for name, requires in (("one", "big-model>=1.2"), ("two", "big-model<2")):
        world.index.place(wheel(name, "1.0", origin="owner", requires=[requires]), hashes=SHA256)
    world.index.place(OLD, hashes=SHA256)
    world.index.place(wheel("big-model", "2.0", origin="owner"), hashes=SHA256)
    at_cdn(world, NEW, hashes=SHA256)
    return world.routed(), ["install", "one", "two"]


@refusal("record_digest")
def no_digest(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW)
    return world.routed(world.cdn), INSTALL


@refusal("allow_host", "record_digest")
def an_unlisted_host_and_no_digest(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW)
    return world.routed(), INSTALL


@refusal("record_digest")
def no_digest_of_the_version_that_was_asked_for(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW)
    at_cdn(world, wheel("big-model", "2.0", origin="owner"))
    return world.routed(world.cdn), ["install", "big-model<2"]


@refusal("record_digest", installs="1.4rc1")
def no_digest_of_a_pre_release(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW)
    at_cdn(world, EARLY)
    return world.routed(world.cdn), ["install", "--pre", "big-model"]


@refusal("record_digest")
def no_digest_of_a_requirement_of_another_project(world: World) -> tuple[Environment, list[str]]:
    world.index.place(wheel("one", "1.0", origin="owner", requires=["big-model<2"]), hashes=SHA256)
    at_cdn(world, NEW)
    at_cdn(world, wheel("big-model", "2.0", origin="owner"))
    return world.routed(world.cdn), ["install", "one"]


@refusal("record_digest")
def pins_are_required(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=SHA256)
    return world.routed(world.cdn, policy={"pins": "required"}), INSTALL


@refusal("record_digest")
def hashes_are_required_of_all(world: World) -> tuple[Environment, list[str]]:
    world.index.place(NEW)
    return world.routed(policy={"require-hashes": "all"}), INSTALL


@refusal("accept_change", "contradicting-digests")
def a_page_contradicts_its_pin(world: World) -> tuple[Environment, list[str]]:
    url = at_cdn(world, NEW, hashes=SHA256)
    victim = world.routed(world.cdn)
    world.pin(victim, Pin.of(NEW, url, **digests(b"other")))
    return victim, INSTALL


@refusal("accept_change", "failed-download")
def a_server_contradicts_a_pin(world: World) -> tuple[Environment, list[str]]:
    url = at_cdn(world, NEW)
    victim = world.routed(world.cdn)
    world.pin(victim, Pin.of(NEW, url, **digests(b"other")))
    return victim, INSTALL


@refusal("correct_entry")
def a_page_contradicts_an_entry(world: World) -> tuple[Environment, list[str]]:
    url = at_cdn(world, NEW, hashes=SHA256)
    return world.routed(world.cdn, wheels=[{"urls": [url], "sha256": "0" * 64}]), INSTALL


@refusal("ask_index", installs=None)
def a_link_to_plain_http(world: World) -> tuple[Environment, list[str]]:
    world.index.show(NEW, f"http://{world.cdn.name}{AT}", hashes=SHA256)
    return world.routed(world.cdn), INSTALL


@refusal("ask_for_rim_digest", installs=None)
def a_rim_without_a_digest(world: World) -> tuple[Environment, list[str]]:
    rim = rim_of(NEW, world.cdn.put(AT, NEW.data))
    world.index.show(rim, world.cdn.put(f"/w/{rim.filename}", rim.data))
    return world.routed(world.cdn), INSTALL


@refusal("settle", installs=None)
def a_page_that_contradicts_itself(world: World) -> tuple[Environment, list[str]]:
    url = world.cdn.put(AT, NEW.data)
    world.index.show(NEW, f"{url}#sha256={'0' * 64}", hashes=SHA256)
    return world.routed(world.cdn), INSTALL


@refusal("allow_host", "refused-external-file")
def a_rim_for_an_unlisted_host_and_the_legacy_resolver(world: World) -> tuple[Environment, list[str]]:
    world.index.place(rim_of(NEW, world.cdn.put(AT, NEW.data)), hashes=SHA256)
    return world.routed(), [INSTALL[0], "--use-deprecated=legacy-resolver", *INSTALL[1:]]


@refusal("allow_host")
def a_newer_project_that_needs_it(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=SHA256)
    world.index.place(wheel("one", "1.0", origin="owner"), hashes=SHA256)
    world.index.place(wheel("one", "2.0", origin="owner", requires=["big-model>1"]), hashes=SHA256)
    return world.routed(), ["install", "--upgrade", "one"]


# Redirects


def elsewhere(world: World) -> None:
    """The index's own file lies in an object store."""
    path = f"{world.index.path}big-model/{NEW.filename}"
    world.site.redirect(path, world.cdn.put(AT, NEW.data))


@refusal("record_digest", "refused-host")
def a_redirect_without_a_digest(world: World) -> tuple[Environment, list[str]]:
    world.index.place(NEW)
    elsewhere(world)
    return world.routed(), INSTALL


@refusal("record_digest", "allow_redirect")
def a_redirect_of_an_external_file_without_a_digest(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW)
    world.cdn.redirect(AT, world.mirror.put(AT, NEW.data))
    return world.routed(world.cdn), INSTALL


@refusal("allow_redirect")
def a_redirect_that_the_policy_forbids(world: World) -> tuple[Environment, list[str]]:
    world.index.place(NEW, hashes=SHA256)
    elsewhere(world)
    return world.routed(policy={"redirects": "listed"}), INSTALL


@refusal("ask_server", installs=None)
def a_redirect_to_plain_http(world: World) -> tuple[Environment, list[str]]:
    world.index.place(NEW, hashes=SHA256)
    world.site.redirect(f"{world.index.path}big-model/{NEW.filename}", f"http://{world.cdn.name}{AT}")
    return world.routed(world.cdn), INSTALL


@refusal("move_index", "index-failed")
def an_index_that_has_moved(world: World) -> tuple[Environment, list[str]]:
    url = at_cdn(world, NEW, hashes=SHA256)
    path = world.index.page_path("big-model")
    world.cdn.put(path + "index.json", (world.site.root / f"{path}index.json".lstrip("/")).read_bytes())
    world.site.redirect(path, world.cdn.url(path))
    assert url
    return world.routed(), INSTALL


@refusal("stop_forwarding")
def an_index_that_forwards(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=SHA256)
    path = world.index.page_path("big-model")
    world.cdn.put(path + "index.json", (world.site.root / f"{path}index.json".lstrip("/")).read_bytes())
    world.site.redirect(path, world.cdn.url(path))
    victim = world.equipped()
    indexes = {"house": world.index.entry(), "other": {"url": world.cdn.url(world.index.path)}}
    write_table(victim.project, indexes, {"*": "house"})
    return victim, INSTALL


# Direct references


def reference(world: World, path: str = AT) -> str:
    """The URL of the file, on a host that the table does not know; and an index that has it, too."""
    world.index.place(NEW, hashes=SHA256)
    return world.cdn.put(path, NEW.data)


@refusal("add_hash", "refused-direct-reference", prefers="[[wheel]]")
def the_url_of_a_wheel_for_the_table(world: World) -> tuple[Environment, list[str]]:
    return world.routed(), ["install", reference(world)]


@refusal("add_hash", prefers="add #sha256")
def the_url_of_a_wheel_with_its_hash(world: World) -> tuple[Environment, list[str]]:
    return world.routed(), ["install", f"big-model @ {reference(world)}"]


@refusal("add_hash")
def the_url_of_a_wheel_by_name(world: World) -> tuple[Environment, list[str]]:
    return world.routed(), ["install", reference(world)]


@refusal("record_reference")
def a_url_where_pins_are_required(world: World) -> tuple[Environment, list[str]]:
    url = f"{reference(world)}#sha256={NEW.digest()}"
    return world.routed(policy={"pins": "required"}), ["install", f"big-model @ {url}"]


@refusal("require_by_name")
def a_url_where_none_is_allowed(world: World) -> tuple[Environment, list[str]]:
    victim = world.routed(policy={"direct-references": "deny"})
    return victim, ["install", f"{reference(world)}#sha256={NEW.digest()}"]


@refusal("correct_url")
def a_url_that_two_read_in_two_ways(world: World) -> tuple[Environment, list[str]]:
    return world.routed(), ["install", f"big-model @ {reference(world).replace('/w/', '//w/')}"]


@refusal("use_directory")
def a_repository(world: World) -> tuple[Environment, list[str]]:
    reference(world)
    return world.routed(), ["install", f"big-model @ git+ssh://git@{world.cdn.name}/big-model.git"]


def required(world: World, url: str) -> tuple[Environment, list[str]]:
    world.index.place(wheel("one", "1.0", origin="owner", requires=[f"big-model @ {url}"]), hashes=SHA256)
    return world.routed(), ["install", "one"]


@refusal("do_without", installs=None)
def a_repository_that_another_project_names(world: World) -> tuple[Environment, list[str]]:
    return required(world, f"git+https://{world.cdn.name}/big-model.git")


@refusal("pin_reference")
def a_url_that_another_project_names(world: World) -> tuple[Environment, list[str]]:
    return required(world, reference(world))


@refusal("pin_reference")
def a_url_that_another_project_names_with_a_hash(world: World) -> tuple[Environment, list[str]]:
    return required(world, f"{reference(world)}#sha256={NEW.digest()}")


def named_of_its_index(world: World, route: object = "house", **policy: str) -> tuple[Environment, list[str]]:
    """Another project names a file by its URL on the index's own host."""
    url = world.index.place(NEW, hashes=SHA256)
    required(world, f"{url}#sha256={NEW.digest()}")
    return world.routed(routes={"*": "house", "big-model": route}, policy=policy or None), ["install", "one"]


@refusal("pin_reference")
def a_url_of_unknown_age_that_another_project_names(world: World) -> tuple[Environment, list[str]]:
    return named_of_its_index(world, {"index": "house", "min-age": "7d"})


@refusal("pin_reference")
def a_url_that_another_project_names_where_all_need_hashes(world: World) -> tuple[Environment, list[str]]:
    return named_of_its_index(world, **{"require-hashes": "all"})


@refusal("repeat_path")
def a_path_that_another_project_names(world: World) -> tuple[Environment, list[str]]:
    path = world.nginx.directory / NEW.filename
    path.write_bytes(NEW.data)
    return required(world, path.as_uri())


@refusal("set_variables", values={VARIABLE: "download.pytorch.example"})
def a_variable_that_is_not_set(world: World) -> tuple[Environment, list[str]]:
    url = world.index.place(NEW, hashes=SHA256)
    victim = world.equipped()
    house = {"url": f"https://${{{VARIABLE}}}{world.index.path}"}
    write_table(victim.project, {"house": house}, {"*": "house"})
    return victim, ["install", f"big-model @ {url}"]


# What nothing helps here, and the rest


@refusal("denied", "denied-project", installs=None)
def a_denied_project(world: World) -> tuple[Environment, list[str]]:
    return world.routed(routes={"big-model": {"deny": "retired"}}), INSTALL


@refusal("denied", installs=None)
def a_url_of_a_denied_project(world: World) -> tuple[Environment, list[str]]:
    return world.routed(routes={"big-model": {"deny": "retired"}}), ["install", reference(world)]


@refusal("go_online")
def without_a_network(world: World) -> tuple[Environment, list[str]]:
    url = world.cdn.put(AT, NEW.data)
    pages = world.nginx.directory / "pages"
    (pages / "big-model").mkdir(parents=True)
    page = f'<!DOCTYPE html><a href="{url}#sha256={NEW.digest()}">{NEW.filename}</a>'
    (pages / "big-model" / "index.html").write_text(page, encoding="utf-8")
    victim = world.equipped()
    house = {"url": pages.as_uri(), "external-hosts": [world.cdn.name]}
    write_table(victim.project, {"house": house}, {"*": "house"})
    return victim, ["install", "--no-index", "big-model"]


@refusal("newer_openssl", installs=None)
def an_old_openssl(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=SHA256)
    return world.routed(world.cdn, policy={"minimum-openssl": "99.0"}), INSTALL


@refusal("ask_server", "failed-download", installs=None)
def a_file_that_is_not_what_its_index_says(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=digests(flipped(NEW.data)))
    return world.routed(world.cdn), INSTALL


@refusal("refused-distribution", installs=None)
def a_wheel_that_changes_the_configuration(world: World) -> tuple[Environment, list[str]]:
    extra = {"big_model-1.3.data/data/pip.conf": b"[global]\n"}
    world.index.place(wheel("big-model", "1.3", origin="owner", extra_files=extra), hashes=SHA256)
    return world.routed(), INSTALL


@refusal("quarantined-project", installs=None)
def a_quarantined_project(world: World) -> tuple[Environment, list[str]]:
    world.site.put(
        world.index.page_path("big-model") + "index.json",
        '{"meta": {"api-version": "1.4"}, "name": "big-model", "files": [],'
        ' "project-status": {"status": "quarantined"}}',
    )
    return world.routed(), INSTALL


@refusal("refused-status")
def an_archived_project(world: World) -> tuple[Environment, list[str]]:
    show_as_json(world, None, status="archived")
    return world.routed(policy={"project-status": "deny"}), INSTALL


# Age


def show_as_json(world: World, uploaded: str | None, status: str = "active") -> None:
    """Offer the new file, with what only JSON can say of it."""
    url = world.index.place(NEW, hashes=SHA256)
    file = {"filename": NEW.filename, "url": url, "hashes": {"sha256": NEW.digest()}}
    if uploaded is not None:
        file["upload-time"] = uploaded
    page = {
        "meta": {"api-version": "1.4"},
        "name": "big-model",
        "files": [file],
        "project-status": {"status": status},
    }
    world.site.put(world.index.page_path("big-model") + "index.json", json.dumps(page))


def just_now() -> str:
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


@refusal("wait_or_exempt", values={"RIM_ROUTER_MIN_AGE_EXEMPT": "big-model==1.3"})
def a_file_that_is_too_new(world: World) -> tuple[Environment, list[str]]:
    show_as_json(world, just_now())
    return world.routed(min_age="7d"), INSTALL


@refusal("wait_or_exempt")
def a_file_that_is_too_new_for_a_policy(world: World) -> tuple[Environment, list[str]]:
    show_as_json(world, just_now())
    return world.routed(policy={"min-age": "7d"}), INSTALL


@refusal("give_times")
def a_file_without_an_upload_time(world: World) -> tuple[Environment, list[str]]:
    show_as_json(world, None)
    return world.routed(min_age="7d"), INSTALL


@refusal("namespace-not-owned")
def a_namespace_that_is_not_the_indexs(world: World) -> tuple[Environment, list[str]]:
    world.index.place(NEW, hashes=SHA256)
    return world.routed(routes={"*": {"index": "house", "namespace": "big"}}), INSTALL


@refusal("invalid-routing-table")
def an_unknown_key(world: World) -> tuple[Environment, list[str]]:
    at_cdn(world, NEW, hashes=SHA256)
    return world.routed(external_host=[world.cdn.name]), INSTALL


@pytest.mark.newest
@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.name)
def test_following_what_is_printed(kind: Refusal, world: World) -> None:
    """Within three commands or edits it is installed, or the last word is that there is no way."""
    victim, args = kind.make(world)
    follower = Follower(world, victim, args, NEW.digest(), kind.prefers, kind.values)
    result = follower.follow()
    assert follower.said, str(result)
    if kind.installs is None:
        assert result.returncode != 0, str(result)
        assert follower.is_told_that_there_is_no_way or not follower.done, f"{follower}\n{result}"
        assert victim.origin("big_model") is None
    else:
        assert result.returncode == 0, f"{follower}\n{result}"
        assert victim.installed()["big-model"] == kind.installs, f"{follower}\n{result}"
        assert victim.origin("big_model") == "owner"


ON_EACH = [
    each for each in REFUSALS if each.make in (a_newer_file_that_is_passed_over, a_conflict, no_digest)
]


@pytest.mark.parametrize("kind", ON_EACH, ids=lambda kind: kind.name)
def test_on_the_oldest_pip_too(kind: Refusal, world: World) -> None:
    """What these need of pip differs between releases."""
    victim, args = kind.make(world)
    follower = Follower(world, victim, args, NEW.digest())
    assert follower.follow().returncode == 0, str(follower)
    assert victim.installed()["big-model"] == kind.installs
