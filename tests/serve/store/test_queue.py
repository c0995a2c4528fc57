"""The same promises on SQLite and on PostgreSQL."""

import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fauxto.errors import InputError, ResourceError
from fauxto.finding import Finding
from fauxto.serve.store import audit, history, keys, queue
from fauxto.serve.store.database import Database, configuration, now
from fauxto.serve.store.tables import Base, Job, Scan

FOUND = Finding("a.png", status="error", error={"code": "empty", "what": "It is empty.", "fix": "Try another."})


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    else:
        url = request.getfixturevalue("postgresql").replace("postgresql:", "postgresql+psycopg:")
        opened = Database(url)
        with opened._engine.begin() as connection:
            command.downgrade(configuration(connection), "base")
        opened.close()
        opened = Database(url)
    yield opened
    opened.close()


def scan(owner: str = "local", **what: Any) -> Scan:
    basis = {"options": "{}", "status": "queued", "priority": 0, "attempts": 0, "fingerprint": "f", "name": "a.png"}
    return Scan(id=uuid.uuid4().hex, owner=owner, created=now(), **basis | what)


def job(total: int, **what: Any) -> Job:
    basis = {"owner": "local", "options": "{}", "name": "", "finished": 0, "fingerprint": "f"}
    return Job(id=uuid.uuid4().hex, total=total, created=now(), **basis | what)


def accept(database: Database, *scans: Scan, limit: int = 1000, quota: int = 0, batch: Job | None = None) -> None:
    with database.write() as session:
        queue.accept(session, scans, limit=limit, quota=quota, job=batch)


def take(database: Database, server: str = "one", seconds: float = 60) -> queue.Lease | None:
    with database.write() as session:
        return queue.take(session, server, seconds)


def finish(database: Database, lease: queue.Lease) -> queue.Finished | None:
    with database.write() as session:
        return queue.finish(session, lease, FOUND, size=None, expires=now() - 1)


def test_the_tables_are_those_of_the_migrations(database: Database):
    with database._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_what_need_not_last_is_written_too(database: Database):
    accept(database, scan())
    with database.write(lasting=False) as session:
        lease = queue.take(session, "one", 60)
    assert lease is not None and take(database) is None
    with pytest.raises(ZeroDivisionError), database.write(lasting=False) as session:
        queue.give_back(session, lease, counts=False)
        raise ZeroDivisionError
    assert take(database) is None and finish(database, lease) is not None
    if database.is_sqlite:
        for lasting, level in ((True, 2), (False, 1)):
            with database.write(lasting=lasting) as session:
                assert session.scalar(text("PRAGMA synchronous")) == level


def test_migrations_lead_back_and_forth(database: Database):
    with database._engine.begin() as connection:
        command.downgrade(configuration(connection), "base")
    with database._engine.begin() as connection:
        command.upgrade(configuration(connection), "head")
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_scan_is_leased_to_one_and_finished_once(database: Database):
    accept(database, scan())
    lease = take(database)
    assert lease is not None and take(database, "two") is None
    assert finish(database, lease) == queue.Finished("error", None)
    assert finish(database, lease) is None
    with database.read() as session:
        row = session.get_one(Scan, lease.scan)
        assert (row.status, row.outcome, row.server, row.attempts) == ("done", "error", None, 1)


def test_many_threads_take_each_scan_once(database: Database):
    accept(database, *(scan() for _ in range(40)))
    taken: list[str] = []

    def work(server: str) -> None:
        while lease := take(database, server):
            taken.append(lease.scan)
            assert finish(database, lease)

    threads = [threading.Thread(target=work, args=(f"s{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40


def test_scans_come_in_the_order_in_which_they_were_sent_and_batches_last(database: Database):
    batch = job(1)
    accept(database, scan(name="batch", priority=1, job_id=batch.id), batch=batch)
    accept(database, scan(name="first"))
    accept(database, scan(name="second"))
    assert [lease.name for _ in range(3) if (lease := take(database))] == ["first", "second", "batch"]


def test_a_lost_lease_finishes_nothing(database: Database):
    accept(database, scan())
    lost = take(database, "one", seconds=-1)
    assert lost is not None
    with database.write() as session:
        assert queue.reclaim(session) == []
    again = take(database, "two")
    assert again is not None and again.attempt == 2
    assert finish(database, lost) is None
    assert finish(database, again) is not None


def test_a_renewed_lease_is_not_lost(database: Database):
    accept(database, scan())
    lease = take(database, "one", seconds=-1)
    with database.write() as session:
        queue.renew(session, "one", 60)
        assert queue.reclaim(session) == []
    assert lease is not None and finish(database, lease) is not None


def test_what_kills_its_server_each_time_is_given_up(database: Database):
    accept(database, scan())
    for attempt in range(1, queue.ATTEMPTS + 1):
        lease = take(database, f"server {attempt}")
        assert lease is not None and lease.attempt == attempt
        with database.write() as session:
            hopeless = queue.reclaim(session, server="new")
    assert [item.attempt for item in hopeless] == [queue.ATTEMPTS]
    assert finish(database, hopeless[0]) is not None and take(database) is None


def test_a_scan_that_is_given_back_without_fault_loses_no_attempt(database: Database):
    accept(database, scan())
    for _ in range(queue.ATTEMPTS + 2):
        lease = take(database)
        assert lease is not None and lease.attempt == 1
        with database.write() as session:
            queue.give_back(session, lease, counts=False)


def test_a_full_queue_takes_none_of_a_job(database: Database):
    accept(database, scan(), limit=3)
    batch = job(3)
    with pytest.raises(queue.FullError):
        accept(database, *(scan(job_id=batch.id) for _ in range(3)), limit=3, batch=batch)
    with database.read() as session:
        assert queue.waiting(session) == 1 and session.get(Job, batch.id) is None


def test_a_quota_counts_only_what_was_accepted(database: Database):
    accept(database, scan("k"), scan("k"), quota=3)
    with pytest.raises(queue.QuotaError):
        accept(database, scan("k"), scan("k"), quota=3)
    accept(database, scan("k"), quota=3)
    with database.read() as session:
        assert queue.used(session, "k") == 3 and queue.used(session, "other") == 0


def test_an_idempotency_key_belongs_to_one_request_of_one_owner(database: Database):
    mine = scan("k", idempotency="i", fingerprint="a")
    accept(database, mine)
    accept(database, scan("other", idempotency="i", fingerprint="b"))
    with database.read() as session:
        assert queue.repeated(session, Scan, "k", "i", "a") == mine.id
        with pytest.raises(queue.ReusedError):
            queue.repeated(session, Scan, "k", "i", "b")
    with pytest.raises(DBAPIError):
        accept(database, scan("k", idempotency="i"))


def test_a_job_numbers_what_is_finished(database: Database):
    batch = job(3)
    scans = [scan(job_id=batch.id) for _ in range(3)]
    accept(database, *scans, batch=batch)
    order = []
    while lease := take(database):
        finish(database, lease)
        order.append(lease.scan)
    with database.read() as session:
        assert [row.id for row in history.finished_after(session, batch.id, 0, 10)] == order
        assert [row.number for row in history.finished_after(session, batch.id, 1, 10)] == [2, 3]
        assert session.get_one(Job, batch.id).ended is not None
        assert history.outcomes(session, batch.id) == {"error": 3}


def test_a_job_ends_when_what_it_waits_for_is_deleted(database: Database):
    batch = job(2)
    scans = [scan(job_id=batch.id) for _ in range(2)]
    accept(database, *scans, batch=batch)
    lease = take(database)
    assert lease is not None and finish(database, lease)
    with database.write() as session:
        history.delete_scan(session, session.get_one(Scan, scans[1].id), "local")
    with database.read() as session:
        ended = session.get_one(Job, batch.id)
        assert (ended.total, ended.finished, ended.ended is None) == (1, 1, False)


def test_what_is_over_is_deleted_and_told(database: Database):
    batch = job(1)
    accept(database, scan(job_id=batch.id), batch=batch)
    accept(database, scan())
    first = take(database)
    assert first is not None and finish(database, first)
    with database.write() as session:
        assert history.expire(session) == [first.scan]
    with database.read() as session:
        assert session.get(Scan, first.scan) is None and queue.waiting(session) == 1
        said = session.execute(text("SELECT actor, action, subject FROM audit")).all()
    assert (audit.SYSTEM, "scan.expire", first.scan) in [tuple(row) for row in said]


@pytest.mark.parametrize("verb", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_audit_log_only_grows(database: Database, verb: str):
    with database.write() as session:
        audit.record(session, "local", "test", "subject", size=1)
    with pytest.raises(DBAPIError, match="only grows"), database.write() as session:
        session.execute(text(verb))
    with database.read() as session:
        assert session.execute(text("SELECT actor, detail FROM audit")).one() == ("local", json.dumps({"size": 1}))


def test_pages_show_every_scan_once_and_only_the_owner(database: Database):
    mine = [scan("k", name=f"{i} 100%.png") for i in range(7)]
    accept(database, *mine)
    accept(database, scan("other"))
    seen, after = [], None
    with database.read() as session:
        while True:
            rows, after, total = history.page(session, history.Wanted("k"), after, 3)
            assert total == 7
            seen += [row.id for row in rows]
            if after is None:
                break
        assert seen == [row.id for row in reversed(mine)]
        assert history.page(session, history.Wanted(None), None, 50)[2] == 8
        assert history.page(session, history.Wanted("k", name="3 100%"), None, 50)[2] == 1
        assert history.page(session, history.Wanted("k", name="%_"), None, 50)[2] == 0
        assert history.page(session, history.Wanted("k", status=("done",)), None, 50)[2] == 0
        with pytest.raises(InputError):
            history.page(session, history.Wanted("k"), "nonsense", 3)


def test_a_key_is_kept_as_a_hash_and_opens_until_it_is_revoked(database: Database):
    with database.write() as session:
        given = keys.add(session, "newsroom", ["read"], per_minute=5, per_day=6)
        over = keys.add(session, "short", seconds=-1)
        [identity] = [key.id for key in keys.all_keys(session) if key.name == "newsroom"]
        secret = given.split("_", 2)[2]
        assert all(secret not in str(row) for row in session.execute(text("SELECT * FROM keys")).all())
    with database.read() as session:
        assert keys.find(session, given) == keys.Caller(identity, frozenset({"read"}), 5, 6)
        for wrong in (over, given[:-1] + ("A" if given[-1] != "A" else "B"), given + " ", "", "fauxto_x_y"):
            assert keys.find(session, wrong) is None
        assert keys.any_valid(session)
    with database.write() as session:
        keys.revoke(session, identity)
    with database.read() as session:
        assert keys.find(session, given) is None and not keys.any_valid(session)
    with database.write() as session, pytest.raises(InputError):
        keys.add(session, "x", ["everything"])


def test_a_database_that_is_none_says_so(tmp_path: Path):
    with pytest.raises(InputError, match="SQLite or PostgreSQL"):
        Database("mysql://localhost/a")
    with pytest.raises(InputError, match="no URL"):
        Database("nonsense")
    with pytest.raises(ResourceError, match="cannot be used"):
        Database(f"sqlite:///{tmp_path}/no/folder/a.sqlite")
    with pytest.raises(ResourceError, match="cannot be used"):
        Database(f"postgresql+psycopg://nobody@/postgres?host={tmp_path}")
