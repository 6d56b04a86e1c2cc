/** Makes a key and shows it, once. */
import { useMutation } from "@tanstack/react-query";
import { Dialog } from "@/components/dialog";
import { Failure, Snippet } from "@/components/notice";
import { api, type KeyOrder } from "@/lib/api";
import { keysQuery, queries } from "@/lib/queries";

type Kind = KeyOrder["kind"];
type Scope = KeyOrder["scopes"][number];

const SCOPES: readonly (readonly [Scope, string])[] = [
  ["context:read", "see the live context"],
  ["memory:read", "find notes"],
  ["memory:write", "add, supersede and forget notes"],
  ["events:read", "read event streams"],
  ["events:write", "append notes"],
  ["keys:manage", "create and revoke keys"],
  ["webhooks:manage", "send the context elsewhere"],
  ["tasks:read", "see tasks and hand-offs"],
  ["tasks:write", "create, claim, complete and hand over tasks"],
  ["approvals:read", "see what waits for a decision"],
  ["approvals:decide", "approve and deny; for people"],
  ["hooks:write", "report what an agent does, and be told what it may"],
  ["admin", "everything"],
];
const KINDS: readonly Kind[] = ["agent", "human", "service"];
const DAYS = [7, 30, 90, 365];

export function CreateKey({ onClose }: { onClose: () => void }) {
  const create = useMutation({
    mutationFn: api.createKey,
    onSuccess: () => queries.invalidateQueries(keysQuery),
  });
  const onSubmit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({
      name: String(form.get("name")).trim(),
      kind: form.get("kind") as Kind,
      scopes: form.getAll("scope") as Scope[],
      days: Number(form.get("days")) || null,
    });
  };
  if (create.data) {
    return (
      <Dialog label="New key" onClose={onClose} className="form">
        <h2>The key of {create.data.name}</h2>
        <p>Copy it now. It is not stored, and will not be shown again.</p>
        <Snippet text={create.data.key} what="key" />
        <button type="button" className="button primary" onClick={onClose}>
          I have it
        </button>
      </Dialog>
    );
  }
  return (
    <Dialog label="Create key" onClose={onClose} className="form">
      <h2>Create key</h2>
      <form onSubmit={onSubmit}>
        <label>
          Name of the agent, person or service
          <input name="name" required maxLength={64} autoComplete="off" placeholder="claude-code" />
        </label>
        <div className="row">
          <label>
            Kind
            <select name="kind" defaultValue="agent">
              {KINDS.map((kind) => (
                <option key={kind}>{kind}</option>
              ))}
            </select>
          </label>
          <label>
            Expires
            <select name="days" defaultValue="90">
              {DAYS.map((days) => (
                <option key={days} value={days}>
                  in {days} days
                </option>
              ))}
              <option value="">never</option>
            </select>
          </label>
        </div>
        <fieldset>
          <legend>May</legend>
          {SCOPES.map(([scope, does]) => (
            <label key={scope} className="check">
              <input
                type="checkbox"
                name="scope"
                value={scope}
                defaultChecked={scope === "context:read"}
              />
              <code>{scope}</code>
              <span className="quiet">{does}</span>
            </label>
          ))}
        </fieldset>
        {create.error && <Failure error={create.error} />}
        <div className="row end">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={create.isPending}>
            Create key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
