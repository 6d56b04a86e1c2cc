import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stream } from "@/lib/context";
import { followLoginLinks } from "@/lib/login";
import { queries } from "@/lib/queries";
import { createAppRouter } from "@/router";
import { codebase, EPOCH, FakeEventSource, FakeOrchestra, fact, MODIFIED } from "./orchestra";

const BASE = "/topics/codebase_state/value";
let server: FakeOrchestra;

beforeEach(() => {
  server = new FakeOrchestra().install();
});

afterEach(() => {
  stream.stop();
  queries.clear();
  vi.unstubAllGlobals();
});

function open(address: string) {
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createAppRouter(history);
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

async function openLive(address = "/") {
  const router = open(address);
  await screen.findByText("Connecting");
  const topics = {
    codebase_state: codebase({ "src/a.py": MODIFIED }),
    lambda_utilization: fact(null, { status: "unconfigured", detail: "no key. hint: set `X`" }),
  };
  act(() => FakeEventSource.last.send("snapshot", { epoch: EPOCH, seq: 5, topics }));
  await screen.findByText("Live");
  return router;
}

test("without a session the login page asks for a link, key or code, and lets in", async () => {
  server.loggedIn = false;
  open("/");
  const field = await screen.findByLabelText("Or paste a key or a one-time code");
  await userEvent.type(field, "bad{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("The login code was used");
  await userEvent.clear(field);
  await userEvent.type(field, "good{Enter}");
  expect(await screen.findByRole("navigation", { name: "Rooms" })).toBeTruthy();
});

test("a login link lets in where the login page is open already", async () => {
  server.loggedIn = false;
  const stop = followLoginLinks();
  open("/");
  await screen.findByLabelText("Or paste a key or a one-time code");
  window.location.hash = "#login=bad";
  expect((await screen.findByRole("alert")).textContent).toContain("The login code was used");
  window.location.hash = "#login=good";
  expect(await screen.findByRole("navigation", { name: "Rooms" })).toBeTruthy();
  expect(window.location.hash).toBe("");
  stop();
});

test("the repository, its branch and its changed files are shown", async () => {
  await openLive();
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("demo");
  expect(screen.getByTestId("branch").textContent).toBe("main");
  expect(screen.getByTestId("sequence").textContent).toBe("5");
  expect(screen.getByTestId("change").textContent).toContain("src/a.py");
});

test("a saved file appears without a reload, in the list and in the activity", async () => {
  await openLive();
  const ops = [
    { op: "add" as const, path: `${BASE}/changes/src~1b.py`, value: MODIFIED },
    { op: "replace" as const, path: `${BASE}/counts/total`, value: 2 },
  ];
  act(() => FakeEventSource.last.delta(6, "codebase_state", ops));
  await waitFor(() => expect(screen.getAllByTestId("change")).toHaveLength(2));
  expect(screen.getByTestId("count-total").textContent).toBe("2");
  const entries = await screen.findAllByTestId("activity-entry");
  expect(entries[0]?.textContent).toContain("src/b.py saved");
});

test("the activity goes back to before the page was opened", async () => {
  await openLive();
  expect((await screen.findByTestId("activity-entry")).textContent).toContain("first report: ok");
});

test("a row opens a panel that the address holds, and Esc closes it", async () => {
  const router = await openLive();
  await userEvent.keyboard("j{Enter}");
  const panel = await screen.findByTestId("panel");
  expect(router.state.location.search).toMatchObject({ path: "src/a.py" });
  expect(within(panel).getByTestId("raw-json").textContent).toContain('"worktree": "M"');
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByTestId("panel")).toBeNull());
});

test("a change of the activity opens its JSON Patch", async () => {
  await openLive();
  const ops = [{ op: "add" as const, path: `${BASE}/changes/x`, value: MODIFIED }];
  act(() => FakeEventSource.last.delta(6, "codebase_state", ops));
  await userEvent.click(await screen.findByText("x saved"));
  expect((await screen.findByTestId("raw-json")).textContent).toContain('"op": "add"');
});

test("a topic without configuration says what fills it", async () => {
  await openLive("/?topic=lambda_utilization");
  expect(await screen.findByText("GPU cloud: not configured")).toBeTruthy();
  expect(screen.getByText(/export LAMBDA_API_KEY/)).toBeTruthy();
  expect(screen.getByText("Set", { exact: false, selector: ".hint" })).toBeTruthy();
});

test("the chosen topic is marked, and only that one", async () => {
  await openLive("/?topic=lambda_utilization&filter=staged");
  const topics = within(screen.getByRole("navigation", { name: "Topics" }));
  const current = topics.getAllByRole("link", { current: "page" });
  expect(current.map((link) => link.dataset.testid)).toEqual(["topic-lambda_utilization"]);
});

test("a topic that has not reported is waiting", async () => {
  await openLive("/?topic=ci_runs");
  expect(await screen.findByText("Nothing reported yet")).toBeTruthy();
  expect(screen.getByTestId("topic-ci_runs").textContent).toContain("waiting");
});

test("markup in a file name is text", async () => {
  await openLive();
  const path = `${BASE}/changes/<img src=x onerror=alert(1)>`;
  act(() =>
    FakeEventSource.last.delta(6, "codebase_state", [{ op: "add", path, value: MODIFIED }]),
  );
  expect(await screen.findByText("<img src=x onerror=alert(1)>")).toBeTruthy();
  expect(document.querySelector("img")).toBeNull();
});

test("the command palette goes to a page", async () => {
  const router = await openLive();
  await userEvent.keyboard("{Control>}k{/Control}");
  await userEvent.type(await screen.findByRole("combobox"), "keys{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/keys"));
});

test("a key is shown once, and revoked only after its name was typed", async () => {
  open("/keys");
  await userEvent.click(await screen.findByRole("button", { name: "Create key" }));
  const form = await screen.findByRole("dialog", { name: "Create key" });
  await userEvent.type(within(form).getByLabelText(/^Name/), "codex");
  await userEvent.click(within(form).getByRole("button", { name: "Create key" }));
  expect(await screen.findByText("orc_secret")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "I have it" }));
  expect(screen.queryByText("orc_secret")).toBeNull();
  await waitFor(() => expect(screen.getAllByTestId("key")).toHaveLength(2));

  await userEvent.click(screen.getAllByRole("button", { name: "Revoke…" })[1] as HTMLElement);
  const confirm = await screen.findByRole("dialog", { name: "Revoke key" });
  const revoke = within(confirm).getByRole<HTMLButtonElement>("button", { name: "Revoke" });
  expect(revoke.disabled).toBe(true);
  await userEvent.type(within(confirm).getByRole("textbox"), "claude-code");
  await userEvent.click(revoke);
  await waitFor(() => expect(server.calls).toContain("DELETE /api/v1/keys/k1"));
});

test("a session that ends while the page is open leads to the login page", async () => {
  await openLive();
  server.loggedIn = false;
  act(() => FakeEventSource.last.fail(true));
  expect(await screen.findByText("Log in")).toBeTruthy();
});

test("a server that is away is said, and what was known stays", async () => {
  await openLive();
  server.down = true;
  act(() => FakeEventSource.last.fail(true));
  expect(await screen.findByText("Offline")).toBeTruthy();
  expect(screen.getByTestId("change")).toBeTruthy();
});
