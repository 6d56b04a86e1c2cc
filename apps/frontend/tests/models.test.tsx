import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stream } from "@/lib/context";
import { modelSearch, money } from "@/lib/models";
import { queries } from "@/lib/queries";
import { createAppRouter } from "@/router";
import { budget, sums, target } from "./models";
import { FakeOrchestra } from "./orchestra";

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
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

test("where nothing was spent it says how a model is asked, and that there is no limit", async () => {
  open("/models");
  expect(await screen.findByText("Nothing was spent")).toBeTruthy();
  expect(screen.getByText("No model can be asked yet")).toBeTruthy();
  expect(screen.getByText("There is no budget")).toBeTruthy();
  expect(screen.getByText("orchestra gateway budget set system '*' 20/day")).toBeTruthy();
});

test("what was spent is shown by what the address says", async () => {
  server.models.rows = [
    sums("codex", "3.00", { failed: 1 }),
    sums("claude", "0.0034"),
    sums("new", "0.00", { unpriced: 1 }),
  ];
  const router = open("/models");
  await userEvent.click(await screen.findByRole("button", { name: "agent" }));
  await userEvent.click(screen.getByRole("button", { name: "30 days" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ by: "agent", days: 30 }));
  const rows = await screen.findAllByTestId("spent");
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringMatching(/codex1 call, 1 failed.*\$3\.00/),
    expect.stringMatching(/claude1 call.*\$0\.0034/),
    expect.stringMatching(/^new1 call.*\?$/),
  ]);
  expect(screen.getByText(/2 calls whose price nobody knows/)).toBeTruthy();
});

test("a budget says whose it is, how far it is spent, and what is set aside", async () => {
  server.models.budgets = [
    budget(),
    budget({ kind: "system", subject: "*", spent: "20.00", held: "0.00", ends: null }),
    budget({ subject: "*", spent: "17.00", for_each: true }),
  ];
  open("/models");
  const rows = await screen.findAllByTestId("budget");
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringMatching(/^withinagent codex\$20\.00 a day.*\$5\.00 spent and \$0\.40 set aside$/),
    expect.stringMatching(/^spentthe whole system.*does not begin anew\$20\.00 spent$/),
    expect.stringMatching(/^nearly spenteach agent/),
  ]);
});

test("a target says how it is and what it costs", async () => {
  server.models.models.routes = [
    {
      name: "default",
      targets: [
        target("closed", "big"),
        target("open"),
        { ...target("untried", "new"), price: null },
      ],
    },
  ];
  open("/models");
  const rows = await screen.findAllByTestId("target");
  expect(rows.map((row) => row.textContent)).toEqual([
    "answersanthropic/big$2.00 in, $10.00 out, per million tokens",
    expect.stringMatching(/^left alone for 5 s/),
    expect.stringMatching(/^not asked yet.*price unknown$/),
  ]);
  expect(screen.queryByText("No model can be asked yet")).toBeNull();
});

test("what was kept is said as a rate", async () => {
  server.models.cache = { ...server.models.cache, lookups: 10, exact_hits: 3, saved: "1.25" };
  open("/models");
  expect(await screen.findByText(/30 % \(3 of 10: 3 the same, 0 alike\)/)).toBeTruthy();
  expect(screen.getByText("$1.25")).toBeTruthy();
});

test("an address is understood as far as it goes, and amounts keep what says something", () => {
  expect(modelSearch({ by: "model", days: "90" })).toEqual({ by: "model", days: 90 });
  expect(modelSearch({ by: "weather", days: 8 })).toEqual({ by: undefined, days: undefined });
  expect(["0.00", "12.3456", "0.5", "0.000123"].map(money)).toEqual([
    "$0.00",
    "$12.35",
    "$0.50",
    "$0.00012",
  ]);
});
