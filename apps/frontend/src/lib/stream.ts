/** Owns the EventSource on the context stream, and the document that its events add up to. */
import type { Fact } from "@/lib/api";
import type { Json } from "@/lib/json";
import { applyPatch, type Operation, PatchError } from "@/lib/patch";

export type Connection = "connecting" | "live" | "reconnecting" | "offline" | "signed-out";
export type Topics = Readonly<Record<string, Fact>>;

/** The event `snapshot`: the whole document at one place in the stream. */
interface Snapshot {
  epoch: string;
  seq: number;
  topics: Topics;
}

/** The event `delta`: one change of one topic, as operations on `{topics: …}`. */
export interface Delta {
  epoch: string;
  seq: number;
  topic: string;
  at: string;
  cause: string | null;
  ops: Operation[];
}

export interface ContextState {
  connection: Connection;
  epoch: string;
  seq: number;
  /** Null until the first snapshot. */
  topics: Topics | null;
  /** When each source was last asked, as ISO times. */
  checked: Readonly<Record<string, string>>;
  /** When the server last said anything, in ms since 1970. */
  heardAt: number | null;
  /** The latest changes, newest first. */
  activity: readonly Delta[];
}

export interface Ports {
  connect: (url: string) => EventSource;
  /** Tells why the stream fails: EventSource does not show the HTTP status. */
  probe: () => Promise<"ok" | "signed-out" | "down">;
}

const PATH = "/api/v1/context/stream";
export const KEPT = 100; // changes in the activity feed
const SILENCE = 40_000; // ms; the server speaks each 15 s, so this is a dead connection
const LONGEST_PAUSE = 15_000; // ms between two attempts
const FRAME = 16; // ms; changes within it are drawn at once

const EMPTY: ContextState = {
  connection: "connecting",
  epoch: "",
  seq: 0,
  topics: null,
  checked: {},
  heardAt: null,
  activity: [],
};

/** One reader of the stream. Views subscribe; `state` is a new object whenever it changed. */
export class ContextStream {
  state: ContextState = EMPTY;
  private readonly ports: Ports;
  private readonly listeners = new Set<() => void>();
  private source: EventSource | null = null;
  private lost = false; // something was missed: only a snapshot helps
  private failures = 0;
  private drawing: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(ports: Ports) {
    this.ports = ports;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Connects and stays connected until `stop`. */
  start(): void {
    if (this.watchdog !== undefined) return;
    this.set({ connection: "connecting" });
    this.open();
    this.watchdog = setInterval(() => this.watch(), SILENCE / 4);
    globalThis.addEventListener?.("online", this.reopen);
  }

  /** Closes and forgets everything, as after a log-out. */
  stop(): void {
    this.disconnect();
    this.lost = false;
    clearInterval(this.watchdog);
    this.watchdog = undefined;
    globalThis.removeEventListener?.("online", this.reopen);
    this.set({ ...EMPTY });
  }

  private disconnect(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  private reopen = (): void => {
    this.disconnect();
    this.open();
  };

  private open(): void {
    const { epoch, seq } = this.state;
    const since =
      epoch === "" || this.lost ? "" : `?since=${encodeURIComponent(`${epoch}:${seq}`)}`;
    const source = this.ports.connect(PATH + since);
    this.source = source;
    const on = (name: string, react: (data: never) => void): void => {
      source.addEventListener(name, (event) => {
        if (source === this.source) this.hear(react, (event as MessageEvent<string>).data);
      });
    };
    on("snapshot", (snapshot: Snapshot) => this.replace(snapshot));
    on("delta", (delta: Delta) => this.apply(delta));
    on("bookmark", (mark: { checked?: Record<string, string> }) => {
      this.failures = 0;
      this.mark(mark.checked);
    });
    on("up-to-date", (mark: { checked?: Record<string, string> }) => this.mark(mark.checked));
    on("must-refetch", () => undefined); // a snapshot follows
    on("bye", () => undefined); // the browser reconnects and resumes by itself
    source.onerror = () => {
      if (source === this.source) void this.fail(source.readyState === 2);
    };
  }

  private hear(react: (data: never) => void, text: string): void {
    this.state = { ...this.state, heardAt: Date.now() };
    try {
      react(JSON.parse(text) as never);
    } catch (error) {
      if (!(error instanceof PatchError || error instanceof SyntaxError)) throw error;
      this.restart();
    }
    this.draw();
  }

  private replace({ epoch, seq, topics }: Snapshot): void {
    this.lost = false;
    const activity = epoch === this.state.epoch ? this.state.activity : [];
    this.state = { ...this.state, connection: "live", epoch, seq, topics, activity };
  }

  private apply(delta: Delta): void {
    const { epoch, seq, topics, activity } = this.state;
    if (delta.epoch === epoch && delta.seq <= seq) return; // resent
    if (delta.epoch !== epoch || delta.seq !== seq + 1 || topics === null) {
      this.restart();
      return;
    }
    const before = { topics } as unknown as Json;
    const after = applyPatch(before, delta.ops) as unknown as { topics: Topics };
    this.failures = 0;
    this.state = {
      ...this.state,
      connection: "live",
      seq: delta.seq,
      topics: after.topics,
      activity: delta.topic === "" ? activity : [delta, ...activity].slice(0, KEPT),
    };
  }

  private mark(checked: Readonly<Record<string, string>> | undefined): void {
    const connection = this.state.topics === null ? this.state.connection : "live";
    this.state = { ...this.state, connection, checked: checked ?? this.state.checked };
  }

  /** Something was missed: ask anew for the whole document. The old one stays visible meanwhile. */
  private restart(): void {
    this.disconnect();
    this.failures += 1;
    this.lost = true;
    this.state = { ...this.state, connection: "reconnecting" };
    this.retry = setTimeout(this.reopen, this.pause());
  }

  private async fail(closed: boolean): Promise<void> {
    this.failures += 1;
    if (this.state.connection === "live") this.set({ connection: "reconnecting" });
    const source = this.source;
    if (closed || this.failures > 1) {
      const found = await this.ports.probe();
      if (source !== this.source) return;
      if (found === "signed-out") {
        this.disconnect();
        return this.set({ connection: "signed-out" });
      }
      this.set({ connection: found === "down" ? "offline" : "reconnecting" });
    }
    if (closed) this.retry = setTimeout(this.reopen, this.pause());
  }

  private pause(): number {
    const longest = Math.min(LONGEST_PAUSE, 500 * 2 ** this.failures);
    return longest * (0.5 + Math.random() / 2); // so that many readers do not come back at once
  }

  private watch(): void {
    const { heardAt, connection } = this.state;
    if (connection === "live" && heardAt !== null && Date.now() - heardAt > SILENCE) {
      this.set({ connection: "reconnecting" });
      this.reopen();
    }
  }

  private set(change: Partial<ContextState>): void {
    this.state = { ...this.state, ...change };
    this.draw();
  }

  private draw(): void {
    this.drawing ??= setTimeout(() => {
      this.drawing = undefined;
      for (const listener of this.listeners) listener();
    }, FRAME);
  }
}
