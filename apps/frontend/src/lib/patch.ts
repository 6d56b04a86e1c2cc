/** Applies the JSON Patch (RFC 6902) operations that the stream uses: add, replace and remove. */
import { isObject, type Json, type JsonObject } from "@/lib/json";

export interface Operation {
  op: "add" | "replace" | "remove";
  path: string;
  value?: unknown;
}

/** A patch that does not fit the document: the reader has missed something. */
export class PatchError extends Error {}

/**
 * The document after the operations. The given one is left as it is; what no operation touches is
 * the same object in both, so that a view can tell by identity what changed.
 */
export function applyPatch(document: Json, operations: readonly Operation[]): Json {
  const fresh = new Set<object>(); // containers copied during this call: safe to write to
  let root = document;
  for (const operation of operations) {
    const keys = pointer(operation.path);
    const last = keys.pop();
    if (last === undefined) {
      if (operation.op === "remove") throw new PatchError("the whole document cannot be removed");
      root = operation.value as Json;
      continue;
    }
    root = own(root, fresh);
    let target = root;
    for (const key of keys) {
      const child = own(get(target, key), fresh);
      set(target, key, child);
      target = child;
    }
    write(target, last, operation);
  }
  return root;
}

/** The keys of a JSON Pointer (RFC 6901): `/a~1b/c` is `a/b`, then `c`. */
export function pointer(path: string): string[] {
  if (path === "") return [];
  if (!path.startsWith("/")) throw new PatchError(`\`${path}\` is not a JSON Pointer`);
  return path
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function own(value: Json, fresh: Set<object>): Json[] | JsonObject {
  if (typeof value !== "object" || value === null) throw new PatchError("no container on the path");
  if (fresh.has(value)) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  fresh.add(copy);
  return copy;
}

function get(target: Json, key: string): Json {
  if (Array.isArray(target)) return target[index(key, target.length - 1)] as Json;
  if (!isObject(target) || !Object.hasOwn(target, key)) throw new PatchError(`no \`${key}\``);
  return target[key] as Json;
}

function set(target: Json[] | JsonObject, key: string, value: Json): void {
  if (Array.isArray(target)) target[index(key, target.length - 1)] = value;
  else if (key !== "__proto__") target[key] = value;
  else {
    const own = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(target, key, own); // a file may have that name
  }
}

function write(target: Json[] | JsonObject, key: string, operation: Operation): void {
  const value = operation.value as Json;
  if (operation.op === "add" && Array.isArray(target)) {
    target.splice(key === "-" ? target.length : index(key, target.length), 0, value);
  } else if (operation.op === "add") {
    set(target, key, value);
  } else {
    get(target, key); // must exist
    if (operation.op === "replace") set(target, key, value);
    else if (Array.isArray(target)) target.splice(index(key, target.length - 1), 1);
    else delete target[key];
  }
}

function index(key: string, last: number): number {
  const number = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(number <= last)) throw new PatchError(`\`${key}\` is not a place in the list`);
  return number;
}
