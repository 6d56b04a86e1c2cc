/** The way in: a login link that a terminal printed, or a key or code pasted here. */
import { useMutation } from "@tanstack/react-query";
import { Logo } from "@/components/icon";
import { Failure, Snippet } from "@/components/notice";
import { api } from "@/lib/api";
import { loginRefusal } from "@/lib/login";
import { meQuery, queries } from "@/lib/queries";
import { useTitle } from "@/lib/title";

export function Login() {
  useTitle("");
  const refusal = loginRefusal();
  const logIn = useMutation({
    mutationFn: api.logIn,
    onSuccess: () => queries.resetQueries(meQuery),
  });
  const error = logIn.error ?? (logIn.isIdle ? refusal : null);
  const onSubmit = (event: React.FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get("code") ?? "").trim();
    if (code) logIn.mutate(code);
  };
  return (
    <main className="gate">
      <div className="login">
        <h1>
          <Logo />
          Orchestra
        </h1>
        <p>
          Open the link that <code>orchestra up</code> printed, or make a new one:
        </p>
        <Snippet text="orchestra login" what="command" />
        <form onSubmit={onSubmit}>
          <label htmlFor="code">Or paste a key or a one-time code</label>
          <div className="row">
            <input
              id="code"
              name="code"
              type="password"
              autoComplete="off"
              spellCheck={false}
              placeholder="orc_…"
              required
            />
            <button type="submit" className="button primary" disabled={logIn.isPending}>
              Log in
            </button>
          </div>
        </form>
        {error && <Failure error={error} />}
      </div>
    </main>
  );
}
