import { expect, test } from "vitest";
import { commands, search } from "@/app/commands";
import { describe as inWords } from "@/lib/activity";
import { changesOf, commitsOf, meaning, pick, toneOf } from "@/lib/codebase";
import type { Operation } from "@/lib/patch";
import { visible } from "@/lib/text";
import { age } from "@/lib/time";
import { contextSearch } from "@/lib/view";

const AT = "2026-11-23T12:00:00.000Z";

function said(topic: string, ...ops: Operation[]): string {
  return inWords({ epoch: "e", seq: 1, topic, at: AT, cause: null, ops });
}

test.each([
  [" M", "modified"],
  ["M ", "modified, staged"],
  ["AM", "added, staged; modified since"],
  ["??", "untracked"],
  ["UU", "in conflict"],
  ["AA", "in conflict"],
  [" D", "deleted"],
])("the letters `%s` mean %s", (letters, words) => {
  const raw = { index: letters.charAt(0), worktree: letters.charAt(1) };
  const [change] = changesOf({ changes: { "a.py": raw } });
  expect(change && meaning(change)).toBe(words);
});

test("changes are picked by filter and text, latest first or by path", () => {
  const value = {
    changes: {
      "b.py": { index: ".", worktree: "M", saved_at: "2026-01-02T00:00:00Z" },
      "a.py": { index: "A", worktree: ".", saved_at: "2026-01-03T00:00:00Z" },
      "c.md": { index: "?", worktree: "?", saved_at: null },
    },
  };
  const all = changesOf(value);
  const paths = (wanted: Parameters<typeof pick>[1]): string[] =>
    pick(all, wanted).map(({ path }) => path);
  expect(paths({ order: "recent" })).toEqual(["a.py", "b.py", "c.md"]);
  expect(paths({ order: "path", text: "PY" })).toEqual(["a.py", "b.py"]);
  expect(paths({ order: "path", filter: "staged" })).toEqual(["a.py"]);
  expect(paths({ order: "path", filter: "untracked" })).toEqual(["c.md"]);
  expect(all.map(toneOf)).toEqual(["modified", "added", "untracked"]);
});

test("commits are listed newest first", () => {
  const recent = { a: { subject: "old", order: 1 }, b: { subject: "new", order: 2 } };
  expect(commitsOf({ recent }).map(({ sha }) => sha)).toEqual(["b", "a"]);
});

test("an entry that did not change gives the same row again", () => {
  const value = { changes: { "a.py": { index: ".", worktree: "M" } } };
  expect(changesOf({ ...value })[0]).toBe(changesOf(value)[0]);
});

test("a delta is told in words", () => {
  const base = "/topics/codebase_state";
  const save = (path: string): Operation => ({
    op: "replace",
    path: `${base}/value/changes/${path}/saved_at`,
    value: AT,
  });
  expect(said("codebase_state", save("src~1a.py"))).toBe("src/a.py saved");
  expect(said("codebase_state", save("a"), save("b"), save("c"))).toBe("a, b and 1 more saved");
  expect(said("codebase_state", { op: "remove", path: `${base}/value/changes/a` })).toBe(
    "a clean again",
  );
  expect(
    said("codebase_state", { op: "replace", path: `${base}/value/head/branch`, value: "fix" }),
  ).toBe("switched to fix");
  expect(said("ci_runs", { op: "replace", path: "/topics/ci_runs/status", value: "stale" })).toBe(
    "is stale now",
  );
  expect(said("ci_runs", { op: "add", path: "/topics/ci_runs", value: { status: "ok" } })).toBe(
    "first report: ok",
  );
  expect(said("ci_runs", { op: "add", path: "/topics/ci_runs/value/runs/9", value: {} })).toBe(
    "runs › 9 changed",
  );
});

test("characters that hide or reorder text are shown", () => {
  expect(visible("a\u202etxt.exe\nb")).toBe("a‹U+202E›txt.exe‹\\n›b");
  expect(visible("naïve – 日本語 🎻")).toBe("naïve – 日本語 🎻");
});

test.each([
  [-5000, "just now"],
  [3400, "3 s ago"],
  [65_000, "1 min ago"],
  [7_300_000, "2 h ago"],
  [86_400_000, "1 day ago"],
  [Number.NaN, ""],
])("%d ms are `%s`", (ms, words) => {
  expect(age(ms)).toBe(words);
});

test("an address that makes no sense is read as if it were empty", () => {
  const nothing = Object.values(contextSearch({ view: "x", filter: 3, seq: "-1", order: [] }));
  expect(nothing.every((value) => value === undefined)).toBe(true);
  expect(contextSearch({ filter: "staged", seq: "7", path: "a b" })).toMatchObject({
    filter: "staged",
    seq: 7,
    path: "a b",
  });
});

test("the palette finds commands by their words", () => {
  const all = commands({} as Parameters<typeof commands>[0], () => undefined);
  expect(search(all, "mcp config").map(({ name }) => name)).toEqual(["Copy MCP config"]);
  expect(search(all, "codebase_state").map(({ name }) => name)).toEqual(["Codebase"]);
  expect(search(all, "zzz")).toEqual([]);
});
