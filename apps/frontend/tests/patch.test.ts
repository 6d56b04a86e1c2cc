import fc from "fast-check";
import { expect, test } from "vitest";
import { isObject, type Json, type JsonObject } from "@/lib/json";
import { applyPatch, type Operation, PatchError, pointer } from "@/lib/patch";

const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom("a/b", "~", "~1", "", "__proto__", "constructor", "0"),
);
const { document } = fc.letrec<{ document: JsonObject; node: Json }>((tie) => ({
  document: fc.dictionary(key, tie("node"), { maxKeys: 5 }),
  node: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.string(),
    fc.constant(null),
    tie("document"),
  ),
}));

function escaped(text: string): string {
  return text.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The operations that lead from one document of maps to another. */
function diff(before: JsonObject, after: JsonObject, path = ""): Operation[] {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  const operations: Operation[] = gone.map((name) => ({
    op: "remove",
    path: `${path}/${escaped(name)}`,
  }));
  for (const [name, value] of Object.entries(after)) {
    const at = `${path}/${escaped(name)}`;
    if (!Object.hasOwn(before, name)) operations.push({ op: "add", path: at, value });
    else {
      const old = before[name];
      if (isObject(old) && isObject(value)) operations.push(...diff(old, value, at));
      else if (old !== value) operations.push({ op: "replace", path: at, value });
    }
  }
  return operations;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null)
    Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

test("the difference of two documents, applied to the first, gives the second", () => {
  fc.assert(
    fc.property(document, document, (before, after) => {
      freeze(before);
      expect(applyPatch(before, diff(before, after))).toEqual(after);
    }),
  );
});

test("what no operation touches stays the same object", () => {
  fc.assert(
    fc.property(document, key, fc.integer(), (before, name, value) => {
      const after = applyPatch(freeze(before), [{ op: "add", path: `/${escaped(name)}`, value }]);
      for (const other of Object.keys(before)) {
        if (other !== name) expect((after as JsonObject)[other]).toBe(before[other]);
      }
    }),
  );
});

test("a path that comes out of a pointer goes into one again", () => {
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      expect(pointer(keys.map((each) => `/${escaped(each)}`).join(""))).toEqual(keys);
    }),
  );
});

test("a file named __proto__ is a file, and no prototype", () => {
  const value = JSON.parse('{"index": "?"}');
  const after = applyPatch({ files: {} }, [{ op: "add", path: "/files/__proto__", value }]);
  expect(Object.keys((after as { files: object }).files)).toEqual(["__proto__"]);
  expect(({} as { index?: string }).index).toBeUndefined();
});

test("lists are patched by position", () => {
  const operations: Operation[] = [
    { op: "add", path: "/l/0", value: "a" },
    { op: "add", path: "/l/-", value: "z" },
    { op: "remove", path: "/l/1" },
    { op: "replace", path: "/l/1", value: "y" },
  ];
  expect(applyPatch(freeze({ l: ["x", "b"] }), operations)).toEqual({ l: ["a", "y", "z"] });
});

test("the whole document can be replaced", () => {
  expect(applyPatch({ a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }])).toEqual({ b: 2 });
});

test.each<Operation>([
  { op: "remove", path: "/none" },
  { op: "replace", path: "/none", value: 1 },
  { op: "add", path: "/none/below", value: 1 },
  { op: "add", path: "/text/below", value: 1 },
  { op: "remove", path: "" },
  { op: "add", path: "no-slash", value: 1 },
  { op: "remove", path: "/list/1" },
  { op: "remove", path: "/toString" },
])("$op of `$path` that does not fit is refused", (operation) => {
  expect(() => applyPatch({ text: "x", list: [0] }, [operation])).toThrow(PatchError);
});
