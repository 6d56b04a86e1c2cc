/** Says in words what a delta changed. */
import { asText, isObject } from "@/lib/json";
import { pointer } from "@/lib/patch";
import type { Delta } from "@/lib/stream";
import { plural, topicOf } from "@/lib/topics";

const SHOWN = 2; // names told before "and n more"

/** One sentence for the change; names of files and branches come out as they are. */
export function describe(delta: Delta): string {
  const steps = delta.ops.map((each) => ({ ...each, keys: pointer(each.path).slice(2) }));
  const whole = steps.find(({ keys }) => keys.length === 0);
  if (whole) {
    const status = isObject(whole.value) ? asText(whole.value.status) : "";
    return whole.op === "remove" ? "no longer watched" : `first report: ${status}`;
  }
  const said = new Set<string>();
  const status = steps.find(({ keys }) => keys[0] === "status");
  if (status) said.add(`is ${asText(status.value)} now`);
  const inside = steps.filter(({ keys }) => keys[0] === "value");
  for (const sentence of delta.topic === "codebase_state" ? codebase(inside) : plain(inside))
    said.add(sentence);
  if (said.size === 0 && steps.some(({ keys }) => keys[0] === "detail")) said.add("says why anew");
  return [...said].join(" · ") || `asked again: ${topicOf(delta.topic).name} is as it was`;
}

interface Step {
  op: string;
  keys: string[];
  value?: unknown;
}

function* codebase(steps: Step[]): Generator<string> {
  const value = new Map(steps.map((step) => [step.keys.slice(1).join("/"), step.value]));
  if (value.has("head/branch")) yield `switched to ${asText(value.get("head/branch"))}`;
  const commit = asText(value.get("head/commit"));
  const subject = asText(value.get("head/subject"));
  if (commit) yield `head is ${commit.slice(0, 7)}${subject && ` “${subject}”`}`;
  if (value.has("operation")) {
    const operation = asText(value.get("operation"));
    yield operation ? `${operation} under way` : "operation finished";
  }
  yield* files(steps.filter(({ keys }) => keys[1] === "changes"));
  if (steps.some(({ keys }) => keys[1] === "upstream")) yield "upstream compared anew";
  const told = ["head", "operation", "changes", "upstream", "counts", "recent"];
  yield* plain(steps.filter(({ keys }) => !told.includes(keys[1] ?? "")));
}

function* files(steps: Step[]): Generator<string> {
  const groups = { saved: new Set<string>(), "clean again": new Set<string>() };
  for (const { op, keys } of steps) {
    const path = keys[2];
    if (path === undefined) yield "list of changes made anew";
    else groups[op === "remove" && keys.length === 3 ? "clean again" : "saved"].add(path);
  }
  for (const [what, paths] of Object.entries(groups)) {
    const names = [...paths];
    const more = names.length - SHOWN;
    if (names.length === 0) continue;
    yield `${names.slice(0, SHOWN).map(brief).join(", ")}${more > 0 ? ` and ${more} more` : ""} ${what}`;
  }
}

/** A long path by its end: `…/postgres/supervisor.py`. */
function brief(path: string): string {
  return path.length > 40 ? `…/${path.split("/").slice(-2).join("/")}` : path;
}

function* plain(steps: Step[]): Generator<string> {
  const names = new Set(steps.map(({ keys }) => keys.slice(1, 3).join(" › ") || "the value"));
  if (names.size > 3) yield `${plural(names.size, "field")} changed`;
  else if (names.size > 0) yield `${[...names].join(", ")} changed`;
}
