/** Shows the dashboard to those who are logged in, and the login page to others. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Login } from "@/app/login";
import { Shell } from "@/app/shell";
import { Failure } from "@/components/notice";
import { Problem } from "@/lib/api";
import { stream, useContextState } from "@/lib/context";
import { meQuery, queries } from "@/lib/queries";

export function Gate() {
  const me = useQuery(meQuery);
  const known = me.isSuccess;
  const signedOut = useContextState((state) => state.connection === "signed-out");

  useEffect(() => {
    if (!known) return;
    stream.start();
    return () => stream.stop();
  }, [known]);
  useEffect(() => {
    if (signedOut) void queries.resetQueries(meQuery);
  }, [signedOut]);

  if (known) return <Shell me={me.data} />;
  if (me.isPending) return <div className="gate" aria-busy="true" />;
  if (me.error instanceof Problem && me.error.status === 401) return <Login />;
  return (
    <main className="gate">
      <Failure error={me.error} retry={() => void me.refetch()} />
    </main>
  );
}
