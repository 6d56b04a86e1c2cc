/** A fake of `/api/v1/{tasks,handoffs}` that speaks its real contract. */
import type { Task, TaskPacket } from "@/lib/api";

export function task(nth: number, more: Partial<Task> = {}): Task {
  return {
    id: `tsk_${String(nth).padStart(16, "0")}`,
    title: `Task ${nth}`,
    goal: "",
    state: "open",
    priority: 2,
    paths: [],
    progress: {},
    creator: "ada",
    created_at: "2026-11-23T12:00:00Z",
    updated_at: "2026-11-23T12:00:00Z",
    closed_at: null,
    closed_by: null,
    result: null,
    claim: null,
    handoff: null,
    reserved_for: null,
    reserved_until: null,
    left_by: null,
    mine: false,
    ...more,
  } as Task;
}

/** Tasks in order, and the packet that each of them has. */
export class FakeTasks {
  tasks: Task[] = [];
  packet: TaskPacket["packet"] = null;

  async answer(request: Request): Promise<{ status: number; body: unknown } | null> {
    const { pathname, searchParams } = new URL(request.url);
    const [, , , noun, id, verb] = pathname.split("/");
    if (noun === "handoffs") return this.withdraw(id);
    if (noun !== "tasks") return null;
    if (id === undefined) {
      return request.method === "POST"
        ? this.add(await request.json())
        : this.list(searchParams.get("state") ?? "live");
    }
    const one = this.tasks.find((each) => each.id === id);
    if (!one) return { status: 404, body: { detail: `there is no task \`${id}\`` } };
    if (verb === "cancel") return this.cancel(one);
    return { status: 200, body: { ...one, packet: this.packet, packet_tokens: 42 } };
  }

  private list(state: string) {
    const live = (each: Task): boolean => each.state === "open" || each.state === "claimed";
    const tasks = this.tasks.filter(
      (each) => state === "any" || (state === "live" ? live(each) : each.state === state),
    );
    const count = (of: string): number => this.tasks.filter((each) => each.state === of).length;
    const counts = { open: count("open"), claimed: count("claimed"), done: count("done") };
    return { status: 200, body: { tasks, next_after: null, counts } };
  }

  private add(order: Partial<Task>) {
    const made = task(100 + this.tasks.length, order);
    this.tasks = [...this.tasks, made];
    return { status: 201, body: made };
  }

  private cancel(one: Task) {
    if (one.claim) {
      const detail = `\`${one.claim.holder}\` holds it`;
      return { status: 409, body: { detail, hint: "wait until the lease is over" } };
    }
    Object.assign(one, { state: "cancelled", closed_at: "2026-11-23T13:00:00Z" });
    return { status: 200, body: one };
  }

  private withdraw(id: string | undefined) {
    const one = this.tasks.find((each) => each.handoff === id);
    Object.assign(one ?? {}, { handoff: null, reserved_for: null });
    return { status: 200, body: { id } };
  }
}
