/** Revokes a key after its name was typed. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Dialog } from "@/components/dialog";
import { Failure } from "@/components/notice";
import { api, type Key } from "@/lib/api";
import { keysQuery, queries } from "@/lib/queries";
import { visible } from "@/lib/text";

export function RevokeKey({ target, onClose }: { target: Key; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const revoke = useMutation({
    mutationFn: () => api.revokeKey(target.id),
    onSuccess: () => {
      void queries.invalidateQueries(keysQuery);
      onClose();
    },
  });
  return (
    <Dialog label="Revoke key" onClose={onClose} className="form">
      <h2>Revoke the key of {visible(target.name)}</h2>
      <p>
        <code>orc_{target.id}_…</code> stops working at once, with its sessions and open streams.
        This cannot be undone.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          revoke.mutate();
        }}
      >
        <label>
          Type <b>{visible(target.name)}</b> to confirm
          <input
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        </label>
        {revoke.error && <Failure error={revoke.error} />}
        <div className="row end">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button danger"
            disabled={typed !== target.name || revoke.isPending}
          >
            Revoke
          </button>
        </div>
      </form>
    </Dialog>
  );
}
