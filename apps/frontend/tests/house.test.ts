// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import openapiTS, { astToString } from "openapi-typescript";
import { build, type Rolldown } from "vite";
import { expect, test, vi } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const BUDGET = 150_000; // bytes of JavaScript, compressed, before the first page is drawn

test("the first page needs at most 150 kB of compressed JavaScript", async () => {
  vi.stubEnv("NODE_ENV", "production"); // else React builds itself for development
  const built = (await build({
    root: ROOT,
    logLevel: "silent",
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  const chunks = new Map(
    built.output.flatMap((each) => (each.type === "chunk" ? [[each.fileName, each]] : [])),
  );
  const needed = new Set(
    [...chunks.values()].filter((each) => each.isEntry).map((c) => c.fileName),
  );
  for (const name of needed) for (const next of chunks.get(name)?.imports ?? []) needed.add(next);
  const size = [...needed].reduce(
    (sum, name) => sum + gzipSync(chunks.get(name)?.code ?? "").length,
    0,
  );
  expect(needed.size).toBeGreaterThan(0);
  expect(size).toBeLessThan(BUDGET);
}, 60_000);

test("the types are those of openapi.json; `pnpm generate` makes them", async () => {
  const made = astToString(await openapiTS(new URL("../openapi.json", import.meta.url)));
  const kept = readFileSync(join(ROOT, "src/lib/schema.d.ts"), "utf8");
  expect(kept).toContain(made.trim());
}, 30_000);

test("no file is longer than 250 lines", () => {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const long = names
    .filter((name) => /\.(tsx?|css)$/.test(name) && !name.endsWith("schema.d.ts"))
    .filter((name) => readFileSync(join(ROOT, "src", name), "utf8").split("\n").length > 251);
  expect(long).toEqual([]);
});
