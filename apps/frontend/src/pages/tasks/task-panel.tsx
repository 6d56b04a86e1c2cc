/** One task in full: who holds it, how far it is, and what the next agent would be given. */
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Ago } from "@/components/ago";
import { Failure } from "@/components/notice";
import { SidePanel } from "@/components/side-panel";
import { api, type Task } from "@/lib/api";
import { queries } from "@/lib/queries";
import { TASKS, taskQuery } from "@/lib/tasks";
import { visible, visibleLines } from "@/lib/text";
import { PacketView } from "@/pages/tasks/packet-view";
import { useTaskSearch } from "@/pages/tasks/search";
import { TaskHead } from "@/pages/tasks/task-list";

interface Props {
  id: string;
  /** The list beside it, for next and previous. */
  tasks: readonly Task[];
  writable: boolean;
  onClose: () => void;
}

export function TaskPanel({ id, tasks, writable, onClose }: Props) {
  const [, go] = useTaskSearch();
  const { data, error, refetch } = useQuery(taskQuery(id));
  const at = tasks.findIndex((each) => each.id === id);
  const to = (index: number): (() => void) | undefined => {
    const other = at < 0 ? undefined : tasks[index];
    return other && (() => go({ task: other.id }));
  };
  return (
    <SidePanel
      label="Task"
      title={<span className="wrap">{visible(data?.title ?? id)}</span>}
      onClose={onClose}
      onNext={to(at + 1)}
      onPrevious={to(at - 1)}
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <>
          <TaskHead task={data} />
          {data.goal && <bdi className="note-text">{visibleLines(data.goal)}</bdi>}
          <Facts task={data} />
          {writable && !data.closed_at && <Actions task={data} />}
          {data.packet && <PacketView packet={data.packet} tokens={data.packet_tokens} />}
        </>
      )}
    </SidePanel>
  );
}

function Facts({ task }: { task: Task }) {
  const fields: [string, ReactNode][] = [
    ["id", <code key="id">{task.id}</code>],
    ["wanted by", visible(task.creator)],
    ["made", <Ago key="made" at={task.created_at} />],
  ];
  if (task.claim) {
    fields.push(["held by", visible(task.claim.holder)]);
    fields.push(["until", new Date(task.claim.until).toLocaleString()]);
  }
  if (task.paths.length > 0) fields.push(["files", task.paths.map(visible).join(", ")]);
  if (task.closed_at) fields.push(["closed", <Ago key="closed" at={task.closed_at} />]);
  if (task.closed_by) fields.push(["by", visible(task.closed_by)]);
  if (task.result) fields.push(["result", visible(task.result)]);
  return (
    <dl className="fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Actions({ task }: { task: Task }) {
  const onSettled = () => queries.invalidateQueries(TASKS);
  const cancel = useMutation({ mutationFn: () => api.cancelTask(task.id, ""), onSettled });
  const withdraw = useMutation({
    mutationFn: (handoff: string) => api.withdrawHandoff(handoff),
    onSettled,
  });
  const error = cancel.error ?? withdraw.error;
  const { handoff } = task;
  return (
    <>
      <div className="row">
        {handoff && (
          <button
            type="button"
            className="button"
            disabled={withdraw.isPending}
            onClick={() => withdraw.mutate(handoff)}
          >
            Take the offer back
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={cancel.isPending}
          onClick={() => cancel.mutate()}
        >
          Cancel task
        </button>
      </div>
      {error && <Failure error={error} />}
    </>
  );
}
