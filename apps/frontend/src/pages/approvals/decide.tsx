/** A person's word on a request: approve or deny, with a comment that the agent is told. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Failure } from "@/components/notice";
import { api } from "@/lib/api";
import { APPROVALS } from "@/lib/approvals";
import { queries } from "@/lib/queries";

export function Decide({ id }: { id: string }) {
  const [comment, setComment] = useState("");
  const decide = useMutation({
    mutationFn: (approve: boolean) => (approve ? api.approve(id, comment) : api.deny(id, comment)),
    onSettled: () => queries.invalidateQueries(APPROVALS),
  });
  return (
    <form className="form" onSubmit={(event) => event.preventDefault()}>
      <label>
        Comment for the agent
        <input
          value={comment}
          maxLength={1000}
          placeholder="optional"
          onChange={(event) => setComment(event.target.value)}
        />
      </label>
      <div className="row">
        <button
          type="button"
          className="button primary"
          disabled={decide.isPending}
          onClick={() => decide.mutate(true)}
        >
          Approve once
        </button>
        <button
          type="button"
          className="button danger"
          disabled={decide.isPending}
          onClick={() => decide.mutate(false)}
        >
          Deny
        </button>
      </div>
      {decide.error && <Failure error={decide.error} />}
    </form>
  );
}
