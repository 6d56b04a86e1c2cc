/** Puts something to be done on the list. */
import { useMutation } from "@tanstack/react-query";
import { Dialog } from "@/components/dialog";
import { Failure } from "@/components/notice";
import { api } from "@/lib/api";
import { queries } from "@/lib/queries";
import { PRIORITIES, TASKS } from "@/lib/tasks";

interface Props {
  onClose: () => void;
  onAdded: (id: string) => void;
}

export function AddTask({ onClose, onAdded }: Props) {
  const add = useMutation({
    mutationFn: (form: FormData) =>
      api.addTask({
        title: String(form.get("title")),
        goal: String(form.get("goal")),
        priority: Number(form.get("priority")),
        paths: [],
      }),
    onSuccess: (task) => {
      void queries.invalidateQueries(TASKS);
      onAdded(task.id);
    },
  });
  return (
    <Dialog label="Add task" onClose={onClose} className="form">
      <h2>Add a task</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(new FormData(event.currentTarget));
        }}
      >
        <label>
          What is to be done?
          <input name="title" required maxLength={200} />
        </label>
        <label>
          What shall be true at the end?
          <textarea name="goal" rows={4} maxLength={4000} />
        </label>
        <label>
          Priority
          <select name="priority" defaultValue="2">
            {PRIORITIES.map((each, index) => (
              <option key={each} value={index}>
                {each}
              </option>
            ))}
          </select>
        </label>
        {add.error && <Failure error={add.error} />}
        <div className="row end">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={add.isPending}>
            Add task
          </button>
        </div>
      </form>
    </Dialog>
  );
}
