/** Tasks, one row each: what it is, who holds it, and whether it waits for another agent. */
import { Ago } from "@/components/ago";
import type { Task } from "@/lib/api";
import { PRIORITIES, TONES } from "@/lib/tasks";
import { visible } from "@/lib/text";
import { useTaskSearch } from "@/pages/tasks/search";

export function TaskList({ tasks }: { tasks: readonly Task[] }) {
  const [search, go] = useTaskSearch();
  return (
    <ul className="rows" data-rows aria-label="Tasks">
      {tasks.map((task) => (
        <li key={task.id} data-testid="task" data-over={TONES[task.state] === "over"}>
          <button
            type="button"
            data-row
            aria-current={task.id === search.task}
            onClick={() => go({ task: task.id })}
          >
            <TaskHead task={task} />
            <bdi className="row-text">{visible(task.title)}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function TaskHead({ task }: { task: Task }) {
  return (
    <span className="row-head">
      <span className="outcome" data-tone={TONES[task.state]}>
        {task.state}
      </span>
      {task.claim && <bdi>{visible(task.claim.holder)}</bdi>}
      {task.handoff && (
        <span className="tag warn">
          waits for {task.reserved_for ? visible(task.reserved_for) : "anybody"}
        </span>
      )}
      {task.state === "open" && task.left_by && (
        <span className="tag">left by {visible(task.left_by)}</span>
      )}
      {task.priority !== 2 && <span className="tag">{PRIORITIES[task.priority]}</span>}
      <Ago at={task.updated_at} />
    </span>
  );
}
