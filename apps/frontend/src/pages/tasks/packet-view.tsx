/** The packet of a task: what an agent reads before it goes on. All of it is another agent's text. */
import type { ReactNode } from "react";
import type { TaskPacket } from "@/lib/api";
import { visible } from "@/lib/text";

type Packet = NonNullable<TaskPacket["packet"]>;

export function PacketView({ packet, tokens }: { packet: Packet; tokens: number }) {
  const parts: [string, readonly ReactNode[]][] = [
    ["Now", lines(packet.in_progress)],
    ["Next", lines(packet.next_step)],
    ["Done when", lines(packet.stop_condition)],
    ["Done", texts(packet.done)],
    ["Decided", (packet.decisions ?? []).map(({ what, why }) => visible(joined(what, why)))],
    ["Did not work", texts(packet.failed_approaches)],
    ["Mind", texts(packet.constraints)],
    ["Open questions", texts(packet.open_questions)],
    ["Read first", codes(packet.read_first)],
    ["Not committed", codes(packet.dirty)],
    ["Tests", (packet.tests ?? []).map(ran)],
    ["Commands", (packet.commands ?? []).map(ran)],
    ["Edited", codes(packet.edits)],
  ];
  const filled = parts.filter(([, all]) => all.length > 0);
  return (
    <section className="packet" aria-label="Packet">
      <h3>
        For whoever takes it up <span className="quiet">{tokens} tokens</span>
      </h3>
      {filled.length === 0 && <p className="quiet">Nothing is noted yet.</p>}
      {filled.map(([name, all]) => (
        <div key={name}>
          <h4>{name}</h4>
          <ul>
            {all.map((each, index) => (
              <li key={index}>{each}</li>
            ))}
          </ul>
        </div>
      ))}
      {packet.head && (
        <p className="quiet">
          at <code>{packet.head.slice(0, 10)}</code> {packet.branch && visible(packet.branch)}
        </p>
      )}
    </section>
  );
}

type Ran = NonNullable<Packet["commands"]>[number];

function ran({ command, exit }: Ran): ReactNode {
  const failed = exit !== null && exit !== undefined && exit !== 0;
  return (
    <>
      <code>{visible(command)}</code>{" "}
      {failed && (
        <span className="outcome" data-tone="bad">
          exit {exit}
        </span>
      )}
    </>
  );
}

function joined(what: string, why: string | undefined): string {
  return why ? `${what}: ${why}` : what;
}

function lines(text: string | undefined): ReactNode[] {
  return text ? [visible(text)] : [];
}

function texts(all: readonly string[] | undefined): ReactNode[] {
  return (all ?? []).map(visible);
}

function codes(all: readonly string[] | undefined): ReactNode[] {
  return (all ?? []).map((each) => <code key={each}>{visible(each)}</code>);
}
