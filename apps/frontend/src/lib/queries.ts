/** What is asked of the API once and kept: the caller, the system's status, the keys. */
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { api, Problem } from "@/lib/api";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status >= 400),
    },
  },
});

/** Who is logged in. While the API is silent it is asked again, so the page comes by itself. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: api.me,
  staleTime: 60_000,
  refetchInterval: ({ state }) =>
    state.error instanceof Problem && state.error.status === 0 ? 3000 : false,
});
export const statusQuery = queryOptions({ queryKey: ["status"], queryFn: api.status });
export const keysQuery = queryOptions({ queryKey: ["keys"], queryFn: api.keys });

/** Ends the session here and on the server; the login page follows. */
export async function logOut(): Promise<void> {
  await api.logOut().catch(() => undefined); // an ended session is ended already
  queries.clear();
  location.assign("/");
}
