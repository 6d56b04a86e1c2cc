/** Everything that the command palette reaches. */
import type { useRouter } from "@tanstack/react-router";
import { ROOMS } from "@/app/rooms";
import { mcpConfig, mcpUrl } from "@/lib/agents";
import { copy, download } from "@/lib/clipboard";
import { stream } from "@/lib/context";
import { pretty } from "@/lib/json";
import { logOut } from "@/lib/queries";
import { nextTheme, setTheme, THEMES } from "@/lib/theme";
import { topicsWith } from "@/lib/topics";

export interface Command {
  group: "Page" | "Topic" | "Action";
  name: string;
  /** Found by these words too. */
  words?: string;
  run: () => void;
}

export function commands(router: ReturnType<typeof useRouter>, onKeys: () => void): Command[] {
  const topics = stream.state.topics ?? {};
  const context = (): string => pretty({ topics });
  return [
    ...ROOMS.map(({ name, to }): Command => {
      return { group: "Page", name, run: () => void router.navigate({ to }) };
    }),
    ...topicsWith(Object.keys(topics)).map(({ id, name }): Command => {
      const run = () => void router.navigate({ to: "/", search: { topic: id } });
      return { group: "Topic", name, words: id, run };
    }),
    act("Find code", "search grep where symbol", () => void router.navigate({ to: "/search" })),
    act("Context for a task", "search pack prompt", () => {
      void router.navigate({ to: "/search", search: { mode: "pack" } });
    }),
    act("Copy MCP config", "connect agent .mcp.json", () => void copy(mcpConfig())),
    act("Copy MCP address", "url connect agent", () => void copy(mcpUrl())),
    act("Copy context as JSON", "document snapshot", () => void copy(context())),
    act("Download context as JSON", "save document", () => download("context.json", context())),
    act("Toggle theme", "dark light system", () => setTheme(nextTheme())),
    ...THEMES.map((each) => act(`Theme: ${each}`, "appearance", () => setTheme(each))),
    act("Show keys", "shortcuts keyboard help", onKeys),
    act("Log out", "leave session", () => void logOut()),
  ];
}

function act(name: string, words: string, run: () => void): Command {
  return { group: "Action", name, words, run };
}

/** Commands in which each word of the text occurs; those whose name begins with it come first. */
export function search(all: readonly Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter(({ group, name, words: more = "" }) => {
    const hay = `${group} ${name} ${more}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
  const first = words[0];
  if (first === undefined) return found;
  const rank = ({ name }: Command): number => (name.toLowerCase().startsWith(first) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b));
}
