/** The login link: `#login=<one-time code>` in the address opens a session and goes away. */
import { api, Problem } from "@/lib/api";

let refusal: Problem | null = null;

/** Why the login link of this page load did not work, if it did not. */
export function loginRefusal(): Problem | null {
  return refusal;
}

/** Uses the code in the address, which never reaches a server log: a fragment is not sent. */
export async function takeLoginCode(): Promise<void> {
  const code = new URLSearchParams(location.hash.slice(1)).get("login");
  if (code === null) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    await api.logIn(code);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    refusal = error;
  }
}
