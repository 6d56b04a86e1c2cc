/** The activity: what the stream brought, and before it what the event log has kept. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "@/lib/api";
import { useContextState } from "@/lib/context";
import { asText } from "@/lib/json";
import type { Operation } from "@/lib/patch";
import { type Delta, KEPT } from "@/lib/stream";

/** The latest changes, newest first. A caller who may not read events gets those since the start. */
export function useActivity(): readonly Delta[] {
  const live = useContextState((state) => state.activity);
  const epoch = useContextState((state) => state.epoch);
  const { data: past } = useQuery({
    queryKey: ["activity", epoch],
    queryFn: () => before(epoch),
    enabled: epoch !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return useMemo(() => {
    const oldest = live.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
    const older = past?.filter(({ seq }) => seq < oldest) ?? [];
    return [...live, ...older].slice(0, KEPT);
  }, [live, past]);
}

async function before(epoch: string): Promise<Delta[]> {
  const { stream, seq } = await api.status();
  const { events } = await api.events(stream, Math.max(0, seq - KEPT));
  return events
    .map(({ seq, at, data }) => ({
      epoch,
      seq,
      topic: asText(data.topic),
      at,
      cause: asText(data.cause) || null,
      ops: Array.isArray(data.ops) ? (data.ops as Operation[]) : [],
    }))
    .filter(({ topic }) => topic !== "")
    .reverse();
}
