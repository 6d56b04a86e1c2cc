/** The login link: `#login=<one-time code>` in the address opens a session and goes away. */
import { api, Problem } from "@/lib/api";
import { meQuery, queries } from "@/lib/queries";

let refusal: Problem | null = null;

/** Why the last login link did not work, if it did not. */
export function loginRefusal(): Problem | null {
  return refusal;
}

/**
 * Uses the code in the address, which never reaches a server log: a fragment is not sent.
 * Answers whether there was one.
 */
export async function takeLoginCode(): Promise<boolean> {
  const code = new URLSearchParams(location.hash.slice(1)).get("login");
  if (code === null) return false;
  history.replaceState(history.state, "", location.pathname + location.search);
  refusal = null;
  try {
    await api.logIn(code);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    refusal = error;
  }
  return true;
}

/** A link that is opened in a tab with the dashboard in it changes the fragment alone: no load. */
export function followLoginLinks(): () => void {
  const follow = async (): Promise<void> => {
    if (await takeLoginCode()) await queries.resetQueries(meQuery);
  };
  const listener = (): void => void follow();
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}
