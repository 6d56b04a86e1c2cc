/** The one context stream of the page, as hooks. */
import { useSyncExternalStore } from "react";
import { api, type Fact, Problem } from "@/lib/api";
import { type ContextState, ContextStream } from "@/lib/stream";

export const stream = new ContextStream({
  connect: (url) => new EventSource(url),
  probe: async () => {
    try {
      await api.me();
      return "ok";
    } catch (error) {
      return error instanceof Problem && error.status === 401 ? "signed-out" : "down";
    }
  },
});

/** A part of the state; the view is drawn anew only when that part is another value. */
export function useContextState<T>(select: (state: ContextState) => T): T {
  return useSyncExternalStore(stream.subscribe, () => select(stream.state));
}

export function useFact(topic: string): Fact | null {
  return useContextState((state) => state.topics?.[topic] ?? null);
}
