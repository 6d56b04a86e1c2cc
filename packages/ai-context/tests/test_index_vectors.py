"""With an embedding model, code that means the task comes before code that fits as well."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.context import ContextEngine, ContextLog
from orchestra.context.collectors.codebase import CodebaseCollector
from orchestra.context.git.testing import GitRepository
from orchestra.context.index.cache import Cache
from orchestra.context.index.chunk_vectors import ChunkVectors
from orchestra.context.index.code_index import CodeIndex
from orchestra.context.index.embedding import ChunkEmbedding
from orchestra.context.index.passages import chunk_keys
from orchestra.context.index.ranking import rank
from orchestra.context.index.signals import Query
from orchestra.context.index.testing import corpus_of
from orchestra.context.testing.feed import engine_of
from orchestra.shared.db import Database
from orchestra.shared.events import EventLog
from orchestra.shared.json import JsonValue
from orchestra.shared.redaction import Redactor
from orchestra.shared.testing.http_service import Fault, Reply, Request
from orchestra.vectors.embedders.http import HttpEmbedder
from orchestra.vectors.retry import Retry
from orchestra.vectors.testing.embeddings import FakeEmbeddings
from pydantic import SecretStr

pytestmark = pytest.mark.requirement("ctx.index")

TASK = "The postman rings twice"
SECRET = "hunter2-of-the-mail"
KINDS = [("postman", "letter", "envelope"), ("invoice",), ("planet",), ("number",)]
FILES = {f"src/part_{n}.py": f"def invoice_{n}(): return planet + {n}\n" for n in range(20)}
FILES["src/b.py"] = "def invoice(): return planet\n"
MEANT = "src/mail.py"  # not the first of those that fit as well by their words
FILES[MEANT] = f"def letter(): return envelope + '{SECRET}'\n"


class Meaning(FakeEmbeddings):
    """Knows which words mean the same; `refused` is a text that it does not take."""

    refused: str | None = None

    def answer(self, request: Request) -> Reply:
        if self.refused is not None and self.refused in str(request.json):
            return Reply({"error": {"message": "too long for this model"}}, 400)
        return super().answer(request)

    def vector(self, text: str) -> list[JsonValue]:
        words = text.lower()
        return [1 + sum(9 * words.count(word) for word in kind) for kind in KINDS]

    @property
    def texts(self) -> list[str]:
        """All that it was asked to embed."""
        asked = [request.json["input"] for request in self.requests]
        return [str(text) for texts in asked if isinstance(texts, list) for text in texts]


@pytest.fixture
async def service() -> AsyncIterator[Meaning]:
    async with Meaning("a-key-of-the-service") as service:
        yield service


class Followed:
    """A repository's engine and index, and embeddings of it, as many as a test starts."""

    def __init__(self, engine: ContextEngine, index: CodeIndex, cache: Path) -> None:
        self.engine, self.index, self.cache = engine, index, cache

    @contextlib.asynccontextmanager
    async def embedding(
        self, service: FakeEmbeddings, background: bool = True, **options: float
    ) -> AsyncIterator[ChunkEmbedding]:
        redactor = Redactor()
        redactor.learn(SECRET)
        key, retry = SecretStr(service.key), Retry(attempts=1)
        async with HttpEmbedder(service.url, service.model, key, retry=retry) as embedder:
            made = ChunkEmbedding(self.index, embedder, self.cache, redactor.text, **options)
            if background:
                await made.start()
            try:
                yield made
            finally:
                await made.close()

    async def saved(self, embedding: ChunkEmbedding) -> None:
        async with asyncio.timeout(30):
            await self.engine.settle(within=30)
            await self.index.settle()
            await embedding.settle()

    async def first(self, embedding: ChunkEmbedding) -> tuple[str, str]:
        """The file of the likeliest place for the task, and what is said of vectors."""
        corpus = await self.index.corpus()
        async with embedding.compare(TASK) as compared:
            ranking = await asyncio.to_thread(rank, corpus, Query(TASK), dense=compared.dense)
        return ranking.chunks[0].path, compared.remark


@pytest.fixture
async def followed(
    repository: GitRepository,
    context: ContextLog,
    events: EventLog,
    database: Database,
    tmp_path: Path,
) -> AsyncIterator[Followed]:
    for path, text in FILES.items():
        repository.write(path, text)
    repository.commit("parts")
    engine = engine_of(context, events, database, CodebaseCollector(repository.root))
    index = CodeIndex(repository.root, context, tmp_path / "index.sqlite")
    await engine.start()
    await index.start()
    await index.corpus(patience=30)
    yield Followed(engine, index, tmp_path / "index.sqlite")
    await index.close()
    await engine.close()


async def test_code_that_means_the_task_comes_before_code_that_fits_as_well_by_words(
    followed: Followed, service: Meaning
) -> None:
    corpus = await followed.index.corpus()
    assert rank(corpus, Query(TASK)).chunks[0].path != MEANT

    async with followed.embedding(service) as embedding:
        await followed.saved(embedding)
        assert await followed.first(embedding) == (MEANT, "vectors: 100 % of chunks")
        state = embedding.state()
    assert (state.embedder, state.embedded, state.problem) == ("http:small", state.total, None)
    assert state.total == int(corpus.view.first_chunks[-1])


async def test_what_was_embedded_is_embedded_no_more_after_a_restart_or_an_edit_elsewhere(
    followed: Followed, service: Meaning, repository: GitRepository
) -> None:
    async with followed.embedding(service) as embedding:
        await followed.saved(embedding)
    known = len(service.texts)

    async with followed.embedding(service) as embedding:
        await followed.saved(embedding)
        assert service.texts[known:] == ["dimension"]
        repository.write("src/part_3.py", "def telescope(): return planet\n")
        await followed.saved(embedding)
    (changed,) = service.texts[known + 1 :]
    assert "telescope" in changed


async def test_the_likeliest_chunks_are_embedded_on_the_spot_before_the_rest_is(
    followed: Followed, service: Meaning
) -> None:
    async with followed.embedding(service, background=False) as embedding:
        found, remark = await followed.first(embedding)
    assert (found, remark) == (MEANT, "vectors: 0 % of chunks")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(hang=True), "does not answer in time"),
        (Fault(drop=True), "does not answer"),
        (Fault(Reply({}, 401)), "refuses the key"),
        (Fault(Reply({"data": []})), "does not have one vector"),
    ],
)
async def test_an_embedder_that_fails_leaves_the_ranking_as_it_is_without(
    followed: Followed, service: Meaning, fault: Fault, said: str
) -> None:
    plain = rank(await followed.index.corpus(), Query(TASK)).chunks[0].path
    service.fail(fault)

    async with followed.embedding(service, background=False, patience=0.3) as embedding:
        found, remark = await followed.first(embedding)
        assert (found, remark.startswith("vectors: left out of the ranking")) == (plain, True)
        assert said in remark
        asked = len(service.requests)
        await followed.first(embedding)
        assert len(service.requests) == asked, "it is left alone for some seconds"


async def test_an_embedder_that_fails_on_chunks_leaves_them_neutral(
    followed: Followed, service: Meaning
) -> None:
    plain = rank(await followed.index.corpus(), Query(TASK)).chunks[0].path
    async with followed.embedding(service, background=False) as embedding:
        async with embedding.compare(TASK):  # whose vector is remembered
            service.fail(Fault(drop=True))
        found, _ = await followed.first(embedding)
        problem = embedding.state().problem
    assert (found, "does not answer" in str(problem)) == (plain, True)


async def test_a_service_that_was_away_is_asked_again(followed: Followed, service: Meaning) -> None:
    service.fail(Fault(drop=True))
    async with followed.embedding(service) as embedding:
        await followed.saved(embedding)
        assert embedding.state().problem is None
    assert len(service.texts) > 1


async def test_a_chunk_that_the_service_refuses_stalls_no_other(
    followed: Followed, service: Meaning, repository: GitRepository
) -> None:
    service.refused = "poison"
    repository.write("src/bad.py", "def poison(): return invoice\n")
    repository.write("src/worse.py", "def more_poison(): return planet\n")
    async with followed.embedding(service) as embedding:
        await followed.saved(embedding)
        state = embedding.state()
        assert (state.total - state.embedded, state.refused, state.problem) == (2, 2, None)
        assert (await followed.first(embedding))[0] == MEANT
        asked = len(service.requests)
        repository.write("src/later.py", "def letter_later(): return envelope\n")
        await followed.saved(embedding)
        assert embedding.state().total - embedding.state().embedded == 2
        assert len(service.requests) == asked + 1, "what was refused is not asked for again"


async def test_a_service_that_refuses_everything_is_no_fault_of_the_chunks(
    followed: Followed, service: Meaning
) -> None:
    async with followed.embedding(service, background=False) as embedding:
        async with embedding.compare(TASK):  # so that the dimension is known
            pass
        service.refused = ""
        await embedding.start()
        async with asyncio.timeout(30):
            while embedding.state().problem is None:
                await asyncio.sleep(0)
        assert "does not take this" in str(embedding.state().problem)
        assert embedding.state().refused == 0


async def test_no_secret_reaches_the_embedder(followed: Followed, service: Meaning) -> None:
    async with followed.embedding(service) as embedding:
        await followed.saved(embedding)
        async with embedding.compare(f"Where is {SECRET} used?"):
            pass
    sent = b"".join(request.body for request in service.requests)
    assert b"envelope" in sent
    assert b"hunter2" not in sent


async def test_a_passage_changes_with_its_words_and_path_and_nothing_else() -> None:
    def keys(path: str, text: str) -> list[int]:
        ((_, file),) = corpus_of({path: text}).view.files
        return [int(key) for key in chunk_keys(path, file)]

    text = "\n".join(f"def part_{n}():\n" + "    work(here)\n" * 12 for n in range(6))
    before = keys("a.py", text)
    after = keys("a.py", text.replace("part_0", "start"))
    assert len(before) > 2
    assert (before[0] != after[0], before[2:] == after[2:]) == (True, True)
    assert not set(before) & set(keys("b.py", text))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20, unique=True))
def test_vectors_keep_their_directions_up_to_the_most(keys: list[int]) -> None:
    rng = np.random.default_rng(len(keys))
    rows = rng.normal(size=(len(keys), 16)).astype(np.float32)
    asked = rng.normal(size=16).astype(np.float32)
    cache = Cache(None)
    vectors = ChunkVectors(cache, "model", 16, most=8)

    vectors.put(np.array(keys, np.int64), rows)

    exact = rows @ asked / np.linalg.norm(rows, axis=1) / np.linalg.norm(asked)
    found = vectors.closeness(np.array(keys, np.int64), asked)
    assert found[:8] == pytest.approx(exact[:8], abs=0.02)
    assert np.isnan(found[8:]).all()
    last = np.array(keys[-8:], np.int64)
    vectors.make_room(last)
    vectors.recall(last)
    assert vectors.closeness(last, asked) == pytest.approx(exact[-8:], abs=0.02)
    other = ChunkVectors(cache, "another model", 16)
    other.recall(last)
    assert not other.known(last).any()
    cache.close()
