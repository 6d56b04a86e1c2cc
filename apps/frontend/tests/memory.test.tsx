import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stream } from "@/lib/context";
import { memorySearch } from "@/lib/memory";
import { queries } from "@/lib/queries";
import { createAppRouter } from "@/router";
import { note, SAID } from "./notes";
import { FakeOrchestra } from "./orchestra";

let server: FakeOrchestra;

beforeEach(() => {
  server = new FakeOrchestra().install();
  server.memory.notes = [
    note(2, { text: "Deploy from main", kind: "decision", trust: "person", author: "ada" }),
    note(1, { text: SAID, tags: ["money"], paths: ["src/pay.py"] }),
  ];
});

afterEach(() => {
  stream.stop();
  queries.clear();
  vi.unstubAllGlobals();
});

function open(address = "/memory") {
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

test("notes are shown with their kind, whose word they are, and all their lines", async () => {
  open();
  const rows = await screen.findAllByTestId("note");
  expect(rows.map((row) => within(row).getByTestId("note-text").textContent)).toEqual([
    "Deploy from main",
    SAID,
  ]);
  expect(rows[0]?.textContent).toContain("decisionpersonada");
  expect(rows[1]?.textContent).toContain("factagentclaude");
});

test("without notes the page says what they are and how to leave one", async () => {
  server.memory.notes = [];
  open();
  expect(await screen.findByText("Nothing is remembered yet")).toBeTruthy();
  expect(screen.getByText(/orchestra memory add/)).toBeTruthy();
});

test("the search and every filter are in the address", async () => {
  const router = open();
  await userEvent.type(await screen.findByRole("searchbox"), "cents");
  await waitFor(() => expect(screen.getAllByTestId("note")).toHaveLength(1));
  await userEvent.selectOptions(screen.getByLabelText("Kind"), "fact");
  await userEvent.selectOptions(screen.getByLabelText("State"), "any");
  const search = { q: "cents", kind: "fact", state: "any" };
  await waitFor(() => expect(router.state.location.search).toEqual(search));
  expect(server.memory.queries.at(-1)).toBe("query=cents&kind=fact&state=any");
  await userEvent.type(screen.getByRole("searchbox"), " nothing");
  expect(await screen.findByText("No note is like that")).toBeTruthy();
  await click("Show all notes");
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test("a note opens in a panel, whose tags and files filter", async () => {
  const router = open();
  await screen.findAllByTestId("note");
  await userEvent.keyboard("jj{Enter}");
  const panel = await screen.findByTestId("panel");
  expect(router.state.location.search).toEqual({ note: note(1).id });
  expect(await within(panel).findByText("cccccccccccc")).toBeTruthy();
  await userEvent.click(within(panel).getByRole("button", { name: "src/pay.py" }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ path: "src/pay.py" }));
  await click("Show notes without path src/pay.py too");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test("a note is added, and what is like it is shown", async () => {
  const router = open("/memory?write=new");
  const form = await screen.findByRole("dialog", { name: "Add note" });
  await userEvent.type(within(form).getByRole("textbox", { name: /next one/ }), "Deploy at noon");
  await userEvent.type(within(form).getByLabelText("Tags"), "release, ops");
  await userEvent.click(within(form).getByRole("button", { name: "Add note" }));
  const like = await screen.findByRole("dialog", { name: "Similar notes" });
  expect(within(like).getByText("Deploy from main")).toBeTruthy();
  await click("Show the new note");
  await waitFor(() => expect(router.state.location.search).toEqual({ note: note(102).id }));
  expect(server.memory.notes[0]).toMatchObject({
    text: "Deploy at noon",
    tags: ["release", "ops"],
  });
});

test("what is known already is not added", async () => {
  open("/memory?write=new");
  const form = await screen.findByRole("dialog", { name: "Add note" });
  await userEvent.type(within(form).getByRole("textbox", { name: /next one/ }), "Deploy from main");
  await userEvent.click(within(form).getByRole("button", { name: "Add note" }));
  expect(await screen.findByText("That is known already")).toBeTruthy();
  expect(server.memory.notes).toHaveLength(2);
});

test("a note is superseded, and the old one leads to the new one", async () => {
  const router = open(`/memory?note=${note(1).id}`);
  await click("Supersede…");
  const form = await screen.findByRole("dialog", { name: "Supersede note" });
  const field = within(form).getByLabelText("The new note");
  expect(field.textContent).toBe(SAID);
  await userEvent.clear(field);
  await userEvent.type(field, "Prices are decimal");
  await userEvent.click(within(form).getByRole("button", { name: "Supersede" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ note: note(102).id }));
  await router.navigate({ to: "/memory", search: { note: note(1).id } });
  const panel = await screen.findByTestId("panel");
  expect(await within(panel).findByText("History, oldest first")).toBeTruthy();
  await userEvent.click(await within(panel).findByRole("button", { name: /Prices are decimal/ }));
  await waitFor(() => expect(router.state.location.search).toEqual({ note: note(102).id }));
});

test("what was forgotten is brought back by undo", async () => {
  open(`/memory?note=${note(2).id}`);
  await click("Forget");
  expect((await screen.findByText("Forgotten:")).textContent).toContain("Deploy from main");
  await waitFor(() => expect(screen.getAllByTestId("note")).toHaveLength(1));
  expect(screen.queryByTestId("panel")).toBeNull();
  await click("Undo");
  await waitFor(() => expect(screen.getAllByTestId("note")).toHaveLength(2));
  expect(screen.queryByText("Forgotten:")).toBeNull();
});

test("text from outside is marked, and markup in it is text", async () => {
  const text = "<img src=x onerror=alert(1)> \u202eevorppa";
  server.memory.notes = [note(3, { text, trust: "untrusted" })];
  open();
  expect(await screen.findByText("<img src=x onerror=alert(1)> ‹U+202E›evorppa")).toBeTruthy();
  expect(screen.getByTestId("note").textContent).toContain("untrusted, noted by");
  expect(document.querySelector("img")).toBeNull();
});

test("a note that is not there is said, with what to do", async () => {
  open("/memory?note=mem_9999999999999999");
  expect((await screen.findByRole("alert")).textContent).toContain("orchestra memory list");
});

test("who may only read is offered nothing to write", async () => {
  server.scopes = ["context:read", "memory:read"];
  open(`/memory?note=${note(1).id}`);
  await screen.findByText("cccccccccccc");
  expect(screen.queryByRole("button", { name: /Add note|Forget|Supersede/ })).toBeNull();
});

test("an address that makes no sense shows all notes", () => {
  const odd = { q: "", kind: "order", state: "current", write: "successor", note: "", scope: 7 };
  const plain = memorySearch(odd);
  expect(Object.values(plain).filter((each) => each !== undefined)).toEqual([]);
});
