import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ContextStream, type Ports } from "@/lib/stream";
import { codebase, EPOCH, FakeEventSource, fact, MODIFIED } from "./orchestra";

const PATH = "/topics/codebase_state/value/changes/b.py";
let why: "ok" | "signed-out" | "down";
let stream: ContextStream;

beforeEach(() => {
  vi.useFakeTimers();
  FakeEventSource.opened.length = 0;
  why = "ok";
  const ports: Ports = {
    connect: (url) => new FakeEventSource(url) as unknown as EventSource,
    probe: async () => why,
  };
  stream = new ContextStream(ports);
  stream.start();
});

afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

function snapshot(seq = 5): void {
  const topics = { codebase_state: codebase({ "a.py": MODIFIED }), ci_runs: fact({ runs: {} }) };
  FakeEventSource.last.send("snapshot", { epoch: EPOCH, seq, topics });
}

test("a snapshot makes it live", () => {
  expect(stream.state.connection).toBe("connecting");
  snapshot();
  expect(stream.state).toMatchObject({ connection: "live", epoch: EPOCH, seq: 5 });
});

test("a delta changes its part of the document and leaves the others as they are", () => {
  snapshot();
  const before = stream.state.topics;
  FakeEventSource.last.delta(6, "codebase_state", [{ op: "add", path: PATH, value: MODIFIED }]);
  const changes = stream.state.topics?.codebase_state?.value?.changes as Record<string, object>;
  expect(Object.keys(changes)).toEqual(["a.py", "b.py"]);
  expect(stream.state.topics?.ci_runs).toBe(before?.ci_runs);
  expect(stream.state.activity.map(({ seq }) => seq)).toEqual([6]);
});

test("a delta that was resent is not applied twice", () => {
  snapshot();
  FakeEventSource.last.delta(5, "codebase_state", [{ op: "remove", path: PATH }]);
  expect(stream.state).toMatchObject({ connection: "live", seq: 5, activity: [] });
});

test("a gap closes the stream and asks for a snapshot, and the old document stays visible", () => {
  snapshot();
  const first = FakeEventSource.last;
  first.delta(7, "codebase_state", [{ op: "add", path: PATH, value: MODIFIED }]);
  expect(first.readyState).toBe(2);
  expect(stream.state.connection).toBe("reconnecting");
  expect(stream.state.topics).not.toBeNull();
  vi.advanceTimersByTime(2000);
  expect(FakeEventSource.last).not.toBe(first);
  expect(FakeEventSource.last.url).toBe("/api/v1/context/stream");
  snapshot(7);
  expect(stream.state).toMatchObject({ connection: "live", seq: 7 });
  first.delta(8, "ci_runs", []);
  expect(stream.state.seq).toBe(7);
});

test("a patch that does not fit is treated as a gap", () => {
  snapshot();
  FakeEventSource.last.delta(6, "codebase_state", [{ op: "remove", path: PATH }]);
  expect(stream.state).toMatchObject({ connection: "reconnecting", seq: 5 });
  vi.advanceTimersByTime(2000);
  expect(FakeEventSource.last.url).toBe("/api/v1/context/stream");
});

test("another epoch is treated as a gap", () => {
  snapshot();
  FakeEventSource.last.send("delta", { epoch: "other", seq: 6, topic: "ci_runs", ops: [] });
  expect(stream.state.connection).toBe("reconnecting");
});

test("must-refetch waits for the snapshot that follows", () => {
  snapshot();
  FakeEventSource.last.send("must-refetch", { reason: "too far behind" });
  snapshot(90);
  expect(stream.state).toMatchObject({ connection: "live", seq: 90 });
});

test("the browser's own reconnect is shown, and is over with the next event", async () => {
  snapshot();
  FakeEventSource.last.send("bye", { reason: "restart" });
  FakeEventSource.last.fail(false);
  expect(stream.state.connection).toBe("reconnecting");
  FakeEventSource.last.send("up-to-date", { epoch: EPOCH, seq: 5 });
  expect(stream.state.connection).toBe("live");
  expect(FakeEventSource.opened).toHaveLength(1);
});

test("a stream that was refused resumes where it was", async () => {
  snapshot();
  FakeEventSource.last.fail(true);
  await vi.advanceTimersByTimeAsync(2000);
  expect(FakeEventSource.opened).toHaveLength(2);
  expect(FakeEventSource.last.url).toBe(`/api/v1/context/stream?since=${EPOCH}%3A5`);
});

test("repeated failure tells a server that is down from a session that is over", async () => {
  snapshot();
  why = "down";
  FakeEventSource.last.fail(false);
  FakeEventSource.last.fail(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(stream.state.connection).toBe("offline");
  why = "signed-out";
  FakeEventSource.last.fail(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stream.state.connection).toBe("signed-out");
  expect(FakeEventSource.opened).toHaveLength(1);
});

test("silence for longer than the bookmarks allow opens a new connection", () => {
  snapshot();
  vi.advanceTimersByTime(60_000);
  expect(FakeEventSource.opened.length).toBeGreaterThan(1);
});

test("a bookmark says when the sources were asked", () => {
  snapshot();
  const checked = { codebase_state: "2026-11-23T12:00:00Z" };
  FakeEventSource.last.send("bookmark", { epoch: EPOCH, seq: 5, checked });
  expect(stream.state.checked).toEqual(checked);
});

test("changes that come together are drawn once", () => {
  snapshot();
  const draw = vi.fn();
  stream.subscribe(draw);
  for (let seq = 6; seq < 206; seq++) FakeEventSource.last.delta(seq, "ci_runs", []);
  vi.advanceTimersByTime(20);
  expect(draw).toHaveBeenCalledTimes(1);
  expect(stream.state.activity).toHaveLength(100);
});

test("text that is no JSON is treated as a gap", () => {
  snapshot();
  FakeEventSource.last.dispatchEvent(new MessageEvent("delta", { data: "{" }));
  expect(stream.state.connection).toBe("reconnecting");
});
