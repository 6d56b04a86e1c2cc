/** Ages in words, kept up to date by one clock for the whole page. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** `at` is an ISO time or ms since 1970. The view is drawn anew only when the words change. */
export function useAge(at: string | number): string {
  const then = typeof at === "number" ? at : Date.parse(at);
  return useSyncExternalStore(subscribe, () => age(Date.now() - then));
}

/** `ms` as `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; `` when it is no number. */
export function age(ms: number): string {
  if (Number.isNaN(ms)) return "";
  const seconds = Math.floor(ms / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  if (days < 60) return days === 1 ? "1 day ago" : `${days} days ago`;
  return days < 730 ? `${Math.floor(days / 30)} months ago` : `${Math.floor(days / 365)} years ago`;
}

const absolute = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "long",
});
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

/** Date, time and zone, for a tooltip. */
export function exact(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : absolute.format(date);
}

/** Hours, minutes and seconds. */
export function timeOfDay(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : clock.format(date);
}
