import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stream } from "@/lib/context";
import { groupsOf, headline, rangesOf } from "@/lib/pack";
import { queries } from "@/lib/queries";
import { codeSearch } from "@/lib/search";
import { createAppRouter } from "@/router";
import { item, place } from "./code";
import { FakeOrchestra } from "./orchestra";

let server: FakeOrchestra;

const LONG = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);

beforeEach(() => {
  server = new FakeOrchestra().install();
  server.code.found = [place("src/webhooks.py", 7, LONG), place("lib/sign.ts", 1, ["\tsign()"])];
  server.code.items = [
    item("code", 900, {
      path: "src/webhooks.py",
      ranges: [
        [1, 20],
        [31, 31],
      ],
      why: ["it was changed lately"],
    }),
    item("commit", 100, { text: "- c0ffee Sign them", trust: "untrusted" }),
  ];
  server.code.files = ["src/webhooks.py", "src/other.py"];
});

afterEach(() => {
  stream.stop();
  queries.clear();
  vi.unstubAllGlobals();
});

function open(address = "/search") {
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

const click = async (name: string | RegExp): Promise<void> =>
  userEvent.click(await screen.findByRole("button", { name }));

test("the page says what it is, how the index is, and fills itself with an example", async () => {
  const router = open();
  expect(await screen.findByText(/^orchestra search/)).toBeTruthy();
  const line = await screen.findByTestId("index");
  expect(line.textContent).toMatch(/index ready1,205 files3,608 passages1 commitupdated/);
  await click("Try this example");
  expect(await screen.findAllByTestId("place")).toHaveLength(2);
  expect(router.state.location.search).toEqual({ q: "where are errors handled" });
  expect(screen.getByRole("searchbox")).toHaveProperty("value", "where are errors handled");
});

test("the words and the path are in the address once they are sent", async () => {
  const router = open();
  await userEvent.type(await screen.findByRole("searchbox"), "sign");
  await userEvent.type(screen.getByLabelText("Only under this path"), "./lib/{Enter}");
  expect(await screen.findAllByTestId("place")).toHaveLength(1);
  expect(router.state.location.search).toEqual({ q: "sign", under: "./lib/" });
  expect(server.code.asked).toEqual(["q=sign&under=lib%2F&limit=10"]);
  await userEvent.clear(screen.getByLabelText("Only under this path"));
  await userEvent.keyboard("none/{Enter}");
  expect(await screen.findByText("Nothing in the code fits that")).toBeTruthy();
  await click("Search the whole repository");
  expect(await screen.findAllByTestId("place")).toHaveLength(2);
});

test("a place shows its lines with their numbers, what is there, and why", async () => {
  open("/search?q=sign");
  const [first] = await screen.findAllByTestId("place");
  if (!first) throw new Error("no place");
  const numbers = () =>
    [...first.querySelectorAll("[data-line]")].map((each) => each.getAttribute("data-line"));
  expect(first.textContent).toMatch(/^src\/webhooks\.py:7-26/);
  expect(within(first).getByText("Webhooks.send")).toBeTruthy();
  expect(within(first).getByText("its path holds the task's words")).toBeTruthy();
  expect([numbers()[0], numbers().at(-1)]).toEqual(["7", "18"]);
  expect(within(first).getByText("8 more lines")).toBeTruthy();
  await userEvent.keyboard("j{Enter}");
  await waitFor(() => expect(numbers().at(-1)).toBe("26"));
});

test("more places are asked for when there may be more", async () => {
  server.code.found = Array.from({ length: 10 }, (_, index) => place(`src/${index}.py`, 1, ["a"]));
  const router = open("/search?q=sign");
  await click("Show more places");
  await waitFor(() => expect(router.state.location.search).toEqual({ q: "sign", limit: 25 }));
  await waitFor(() => expect(server.code.asked.at(-1)).toBe("q=sign&under=&limit=25"));
  await waitFor(() => expect(screen.queryByText("Show more places")).toBeNull());
});

test("text of the repository is shown as text, and what hides in it is seen", async () => {
  server.code.found = [place("a.html", 1, ["<img src=x onerror=alert(1)>\u202e\tx"])];
  open("/search?q=sign");
  expect((await screen.findByTestId("excerpt")).textContent).toBe(
    "<img src=x onerror=alert(1)>‹U+202E›\tx\n",
  );
  expect(document.querySelector("main img")).toBeNull();
});

test("while the index is being built that is said, and the answer comes by itself", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 100 });
  try {
    server.code.build(3, 90);
    open("/search?q=sign");
    const said = "The code index is not ready: 3 of 90 files have been read";
    expect(await screen.findByRole("heading", { name: said })).toBeTruthy();
    expect(screen.getByText(/Ask again in some seconds/)).toBeTruthy();
    expect(screen.getByTestId("index").textContent).toBe("index is being built: 3 of 90 files");
    server.code.finish();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await screen.findAllByTestId("place")).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("a refusal is said with what to do, and can be tried again", async () => {
  server.code.refusal = [422, "the task is empty", "say in words what is to be done"];
  open("/search?mode=pack&q=sign");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Say in words what is to be done");
  server.code.refusal = null;
  await click("Try again");
  expect(await screen.findByTestId("pack")).toBeTruthy();
});

test("a task's context is gathered within the chosen budget, and copied whole", async () => {
  const router = open("/search?mode=pack");
  await userEvent.type(await screen.findByLabelText("Task"), "Sign webhooks{Enter}all of them");
  await click("4k");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  const pack = await screen.findByTestId("pack");
  const task = "Sign webhooks\nall of them";
  expect(router.state.location.search).toEqual({ mode: "pack", q: task, budget: 4000 });
  expect(server.code.asked).toEqual([JSON.stringify({ task, budget: 4000 })]);
  expect(within(pack).getByRole("heading", { name: "1,000 of 4,000 tokens" })).toBeTruthy();
  expect(within(pack).getByRole("img").getAttribute("aria-label")).toContain(
    "Code 900, Past commits 100",
  );
  expect(within(pack).getByText("vectors are off")).toBeTruthy();
  await click("Copy all for a prompt");
  expect(await navigator.clipboard.readText()).toBe("the code\n- c0ffee Sign them");
});

test("the parts of a pack are grouped, with their lines, reasons and text", async () => {
  open("/search?mode=pack&q=sign");
  const code = within(await screen.findByRole("region", { name: "Code" }));
  const [part] = code.getAllByTestId("pack-item");
  expect(part?.textContent).toMatch(/^src\/webhooks\.py:1-20, 31900 tokensit was changed lately/);
  const commits = within(screen.getByRole("region", { name: "Past commits" }));
  expect(commits.getByText("untrusted")).toBeTruthy();
  expect(commits.getByText("c0ffee Sign them")).toBeTruthy();
  expect(screen.getByText(/The 2 likeliest files/)).toBeTruthy();
});

test("what is written stays when the mode changes, and what is too long is not sent", async () => {
  const router = open();
  const field = await screen.findByRole("searchbox");
  await userEvent.click(field);
  await userEvent.paste("x".repeat(2_001));
  expect((await screen.findByRole("alert")).textContent).toContain("at most 2,000");
  await userEvent.keyboard("{Enter}");
  expect(router.state.location.search).toEqual({});
  await click("Context for a task");
  const task = await screen.findByLabelText<HTMLTextAreaElement>("Task");
  expect(task.value).toHaveLength(2_001);
  expect(screen.queryByRole("alert")).toBeNull();
});

test("an address that makes no sense asks nothing", () => {
  const odd = { q: " ", mode: "find", budget: 7, limit: 10, under: "" };
  expect(Object.values(codeSearch(odd)).filter((each) => each !== undefined)).toEqual([]);
  expect(codeSearch({ budget: "8000", limit: 50, q: 404, mode: "pack" })).toMatchObject({
    budget: 8000,
    limit: 50,
    q: "404",
  });
});

test("groups keep the order of the pack and know their share of the budget", () => {
  const items = [item("code", 10), item("test", 5), item("code", 30)];
  const pack = {
    task: "",
    budget: 100,
    tokens: 45,
    revision: null,
    notes: [],
    files: [],
    text: "",
  };
  const groups = groupsOf({ ...pack, items }).map(({ kind, share }) => [kind, share]);
  expect(groups).toEqual([
    ["code", 0.4],
    ["test", 0.05],
  ]);
  expect(headline(item("task", 1, { text: "```\nDo it\n```" }))).toBe("Do it");
  expect(
    rangesOf([
      [1, 2],
      [9, 9],
    ]),
  ).toBe("1-2, 9");
});
