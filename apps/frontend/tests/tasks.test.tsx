import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stream } from "@/lib/context";
import { queries } from "@/lib/queries";
import { taskSearch } from "@/lib/tasks";
import { createAppRouter } from "@/router";
import { EPOCH, FakeEventSource, FakeOrchestra, fact } from "./orchestra";
import { task } from "./tasks";

const CLAIM = {
  holder: "codex",
  since: "2026-11-23T12:00:00Z",
  until: "2026-11-23T12:15:00Z",
  token: null,
  session: null,
};
let server: FakeOrchestra;

beforeEach(() => {
  server = new FakeOrchestra().install();
  server.work.tasks = [
    task(1, { state: "claimed", claim: CLAIM, priority: 0 }),
    task(2, { handoff: "hof_1", reserved_for: "claude", left_by: "codex" }),
    task(3, { state: "done" }),
  ];
});

afterEach(() => {
  stream.stop();
  queries.clear();
  vi.unstubAllGlobals();
});

function open(address = "/tasks") {
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

test("who holds a task, and whom one waits for, is shown", async () => {
  open();
  const [held, waiting, ...more] = await screen.findAllByTestId("task");
  expect(held?.textContent).toContain("claimedcodexat once");
  expect(waiting?.textContent).toContain("openwaits for claudeleft by codex");
  expect(more).toEqual([]);
  expect(screen.getByText("1 open, 1 claimed, 1 done")).toBeTruthy();
});

test("the packet shows what the next agent is given", async () => {
  server.work.packet = {
    id: task(2).id,
    task_id: task(2).id,
    title: "Task 2",
    from_agent: "codex",
    created_at: "2026-11-23T12:00:00Z",
    next_step: "retry after the date in Retry-After",
    failed_approaches: ["sleeping in the request"],
    decisions: [{ what: "a queue", why: "restarts lose nothing" }],
    commands: [{ command: "pytest -q \u202ex", exit: 1 }],
    head: "a".repeat(40),
  } as typeof server.work.packet;
  open(`/tasks?task=${task(2).id}`);
  const packet = await screen.findByRole("region", { name: "Packet" });
  expect(within(packet).getByText("retry after the date in Retry-After")).toBeTruthy();
  expect(within(packet).getByText("a queue: restarts lose nothing")).toBeTruthy();
  expect(within(packet).getByText("pytest -q ‹U+202E›x")).toBeTruthy();
  expect(within(packet).getByText("exit 1")).toBeTruthy();
});

test("an offer is taken back, and a task that is held cannot be cancelled", async () => {
  const router = open(`/tasks?task=${task(2).id}`);
  await click("Take the offer back");
  await waitFor(() => expect(screen.queryByText(/waits for/)).toBeNull());
  await router.navigate({ to: "/tasks", search: { task: task(1).id } });
  await screen.findByRole("heading", { name: "Task 1" });
  await click("Cancel task");
  expect((await screen.findByRole("alert")).textContent).toContain("Wait until the lease is over");
});

test("a task is added and opened", async () => {
  const router = open("/tasks?write=new");
  const form = await screen.findByRole("dialog", { name: "Add task" });
  await userEvent.type(within(form).getByLabelText("What is to be done?"), "Retry webhooks");
  await userEvent.selectOptions(within(form).getByLabelText("Priority"), "soon");
  await userEvent.click(within(form).getByRole("button", { name: "Add task" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ task: task(103).id }));
  expect(server.work.tasks.at(-1)).toMatchObject({ title: "Retry webhooks", priority: 1 });
});

test("a claim appears as soon as the live context tells of it", async () => {
  server.work.tasks = [];
  open();
  expect(await screen.findByText("Nothing is to be done")).toBeTruthy();
  server.work.tasks = [task(4, { state: "claimed", claim: CLAIM })];
  const topics = { claims: fact({ held: {} }) };
  FakeEventSource.last.send("snapshot", { epoch: EPOCH, seq: 5, topics });
  expect(await screen.findByText("Task 4")).toBeTruthy();
});

test("who may only read is offered nothing to change", async () => {
  server.scopes = ["context:read", "tasks:read"];
  open(`/tasks?task=${task(2).id}`);
  await screen.findByRole("heading", { name: "Task 2" });
  expect(screen.queryByRole("button", { name: /Add task|Cancel|offer/ })).toBeNull();
});

test("an address that makes no sense shows what is to be done", () => {
  const plain = taskSearch({ state: "gone", task: "", write: "over" });
  expect(Object.values(plain).filter((each) => each !== undefined)).toEqual([]);
});
