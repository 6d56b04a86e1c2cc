import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { approvalSearch } from "@/lib/approvals";
import { stream } from "@/lib/context";
import { auditSearch } from "@/lib/governance";
import { queries } from "@/lib/queries";
import { createAppRouter } from "@/router";
import { approval, row } from "./governance";
import { EPOCH, FakeEventSource, FakeOrchestra, fact } from "./orchestra";

let server: FakeOrchestra;

beforeEach(() => {
  server = new FakeOrchestra().install();
  server.governance.approvals = [
    approval(2, { destructive: true, warnings: ["`р` looks like `p`"] }),
    approval(1, { state: "used", decided_by: "ada" }),
  ];
  server.governance.rows = [
    row(2, { act: "approval.denied", outcome: "denied", actor: "ada" }),
    row(1, { reason: "a pattern matches" }),
  ];
});

afterEach(() => {
  stream.stop();
  queries.clear();
  vi.unstubAllGlobals();
});

function open(address: string) {
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

test("what waits is shown first, and the states are in the address", async () => {
  const router = open("/approvals");
  expect((await screen.findAllByTestId("approval")).map((each) => each.textContent)).toEqual([
    expect.stringContaining("pending" + "vercel-deploy-agent" + "pulumi:write" + "destroys"),
  ]);
  await userEvent.selectOptions(screen.getByLabelText("State"), "any");
  await waitFor(() => expect(screen.getAllByTestId("approval")).toHaveLength(2));
  expect(router.state.location.search).toEqual({ state: "any" });
});

test("the link that an agent is given opens the request, which is approved once", async () => {
  const router = open(`/approvals/${approval(2).id}`);
  const panel = await screen.findByTestId("panel");
  expect(router.state.location.search).toEqual({ approval: approval(2).id });
  expect((await within(panel).findByRole("alert")).textContent).toBe("`р` looks like `p`");
  expect(within(panel).getByTestId("raw-json").textContent).toContain('"s2"');
  await userEvent.type(within(panel).getByLabelText(/Comment/), "go on");
  await click("Approve once");
  await waitFor(() => expect(within(panel).queryByRole("button", { name: "Deny" })).toBeNull());
  expect(server.governance.said).toEqual([{ approve: approval(2).id, comment: "go on" }]);
  expect(await screen.findByText("Nothing waits for you")).toBeTruthy();
});

test("a decision that another person made first is said", async () => {
  open(`/approvals?approval=${approval(2).id}`);
  await screen.findByRole("button", { name: "Deny" });
  server.governance.approvals = [approval(2, { state: "expired" })];
  await click("Deny");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Deny" })).toBeNull());
  const panel = screen.getByTestId("panel");
  expect(within(panel).getByText("expired")).toBeTruthy();
});

test("a request appears as soon as the live context tells of it", async () => {
  server.governance.approvals = [];
  open("/approvals");
  expect(await screen.findByText("Nothing waits for you")).toBeTruthy();
  server.governance.approvals = [approval(3)];
  const topics = { approvals: fact({ pending: { [approval(3).id]: {} }, decided: {} }) };
  FakeEventSource.last.send("snapshot", { epoch: EPOCH, seq: 5, topics });
  expect(await screen.findByText("pulumi up --stack s3")).toBeTruthy();
});

test("who may not decide is offered no decision", async () => {
  server.scopes = ["approvals:read", "context:read"];
  open(`/approvals?approval=${approval(2).id}`);
  expect(await screen.findByText("approvals:decide")).toBeTruthy();
  expect(screen.queryByRole("button", { name: /Approve|Deny/ })).toBeNull();
});

test("specs are shown with who acts under them, and a wider one is put in force by hand", async () => {
  open("/agents");
  const agent = await screen.findByTestId("agent");
  expect(agent.textContent).toContain("acts as vercel-deploy-agent@ci");
  expect(screen.getByText("codex")).toBeTruthy();
  const proposal = screen.getByTestId("proposal");
  expect(within(proposal).getByText("pulumi:write").closest(".warn")).not.toBeNull();
  await click("Put in force");
  expect(await screen.findByText("put in force by ada")).toBeTruthy();
  expect(screen.queryByTestId("proposal")).toBeNull();
});

test("a spec that cannot be read is said with its line and remedy", async () => {
  const problem = {
    path: ".cursor/agents/x.yaml",
    line: 3,
    message: "it has a tag",
    hint: "leave",
  };
  Object.assign(server.governance.agents, { agents: [], proposals: [], problems: [problem] });
  open("/agents");
  expect((await screen.findByText(".cursor/agents/x.yaml:3")).parentElement?.textContent).toContain(
    "it has a tag",
  );
  expect(screen.getByText("No agent has a spec yet")).toBeTruthy();
});

test("the audit is filtered, opened row by row, and verified", async () => {
  const router = open("/audit");
  expect(await screen.findAllByTestId("audit-row")).toHaveLength(2);
  await userEvent.selectOptions(screen.getByLabelText("Act"), "approval.");
  await waitFor(() => expect(screen.getAllByTestId("audit-row")).toHaveLength(1));
  await userEvent.click(screen.getByRole("button", { name: /approval.denied/ }));
  expect((await screen.findByTestId("raw-json")).textContent).toContain('"seq": 2');
  expect(router.state.location.search).toEqual({ act: "approval.", row: 2 });
  await click("Verify");
  expect(await screen.findByText("intact: 2 rows")).toBeTruthy();
  server.governance.intact = false;
  await click("Verify");
  expect(await screen.findByText("row 2 is not as it was written")).toBeTruthy();
});

test("an address that makes no sense shows what there is", () => {
  const odd = { state: "gone", approval: "", act: "x", actor: "", row: "-1" };
  for (const read of [approvalSearch(odd), auditSearch(odd)]) {
    expect(Object.values(read).filter((each) => each !== undefined)).toEqual([]);
  }
});
