/** Models: what they cost, who may spend it, how their targets are, what kept answers saved. */
import { useQuery } from "@tanstack/react-query";
import { Failure, Notice, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import { budgetsQuery, cacheQuery, modelsQuery } from "@/lib/models";
import { Budgets } from "@/pages/models/budgets";
import { CacheFigures } from "@/pages/models/cache";
import { CostTable } from "@/pages/models/cost";
import { Targets } from "@/pages/models/targets";

export function ModelsPage() {
  const models = useQuery(modelsQuery);
  const budgets = useQuery(budgetsQuery);
  const cache = useQuery(cacheQuery);
  const none = models.data?.routes.every((route) =>
    route.targets.every((target) => target.state === "absent"),
  );
  return (
    <Page title="Models" about="One door to every model: what it costs, and who may spend it.">
      {models.error && <Failure error={models.error} retry={() => void models.refetch()} />}
      {none && <NoKeys absent={Object.keys(models.data?.absent ?? {})} />}
      <CostTable />
      {budgets.error && <Failure error={budgets.error} retry={() => void budgets.refetch()} />}
      {budgets.data && <Budgets budgets={budgets.data.budgets} />}
      {models.data && <Targets models={models.data} />}
      {cache.error && <Failure error={cache.error} retry={() => void cache.refetch()} />}
      {cache.data && <CacheFigures cache={cache.data} />}
    </Page>
  );
}

function NoKeys({ absent }: { absent: readonly string[] }) {
  return (
    <Notice title="No model can be asked yet">
      <p>
        None of {absent.join(", ")} has a key. Set one where Orchestra runs, and start it again:
      </p>
      <Snippet text="export OPENROUTER_API_KEY=…" what="command" />
    </Notice>
  );
}
