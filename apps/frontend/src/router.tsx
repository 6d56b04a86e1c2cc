/** The rooms of the dashboard and their addresses. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  type RouterHistory,
  redirect,
} from "@tanstack/react-router";
import { Gate } from "@/app/gate";
import { Notice } from "@/components/notice";
import { approvalSearch } from "@/lib/approvals";
import { auditSearch } from "@/lib/governance";
import { memorySearch } from "@/lib/memory";
import { modelSearch } from "@/lib/models";
import { codeSearch } from "@/lib/search";
import { taskSearch } from "@/lib/tasks";
import { contextSearch } from "@/lib/view";
import { AboutPage } from "@/pages/about";
import { AgentsPage } from "@/pages/agents/agents-page";
import { ApprovalsPage } from "@/pages/approvals/approvals-page";
import { AuditPage } from "@/pages/audit/audit-page";
import { ContextPage } from "@/pages/context/context-page";
import { KeysPage } from "@/pages/keys/keys-page";
import { MemoryPage } from "@/pages/memory/memory-page";
import { ModelsPage } from "@/pages/models/models-page";
import { SearchPage } from "@/pages/search/search-page";
import { SourcesPage } from "@/pages/sources";
import { TasksPage } from "@/pages/tasks/tasks-page";

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound });

const routes = root.addChildren([
  createRoute({
    getParentRoute: () => root,
    path: "/",
    component: ContextPage,
    validateSearch: contextSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/search",
    component: SearchPage,
    validateSearch: codeSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/memory",
    component: MemoryPage,
    validateSearch: memorySearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/tasks",
    component: TasksPage,
    validateSearch: taskSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/approvals",
    component: ApprovalsPage,
    validateSearch: approvalSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/approvals/$approval", // the link that an agent is given
    beforeLoad: ({ params }) => {
      throw redirect({ to: "/approvals", search: { approval: params.approval } });
    },
  }),
  createRoute({ getParentRoute: () => root, path: "/agents", component: AgentsPage }),
  createRoute({
    getParentRoute: () => root,
    path: "/models",
    component: ModelsPage,
    validateSearch: modelSearch,
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit",
    component: AuditPage,
    validateSearch: auditSearch,
  }),
  createRoute({ getParentRoute: () => root, path: "/sources", component: SourcesPage }),
  createRoute({ getParentRoute: () => root, path: "/keys", component: KeysPage }),
  createRoute({ getParentRoute: () => root, path: "/about", component: AboutPage }),
]);

/** `history` is for tests; a browser's own is the default. */
export function createAppRouter(history?: RouterHistory) {
  return createRouter({ routeTree: routes, ...(history && { history }) });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

function NotFound() {
  return (
    <Notice title="There is no such page">
      <p>
        <Link to="/">Go to the live context</Link>
      </p>
    </Notice>
  );
}
