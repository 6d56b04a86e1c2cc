/** The rooms that exist, in the order of the navigation. */
import type { IconName } from "@/components/icon";

export interface Room {
  to:
    | "/"
    | "/search"
    | "/memory"
    | "/tasks"
    | "/approvals"
    | "/agents"
    | "/models"
    | "/audit"
    | "/sources"
    | "/keys"
    | "/about";
  name: string;
  icon: IconName;
}

export const ROOMS: readonly Room[] = [
  { to: "/", name: "Context", icon: "context" },
  { to: "/search", name: "Search", icon: "search" },
  { to: "/memory", name: "Memory", icon: "memory" },
  { to: "/tasks", name: "Tasks", icon: "tasks" },
  { to: "/approvals", name: "Approvals", icon: "approvals" },
  { to: "/agents", name: "Agents", icon: "agents" },
  { to: "/models", name: "Models", icon: "models" },
  { to: "/audit", name: "Audit", icon: "audit" },
  { to: "/sources", name: "Sources", icon: "sources" },
  { to: "/keys", name: "Keys", icon: "keys" },
  { to: "/about", name: "About", icon: "about" },
];
