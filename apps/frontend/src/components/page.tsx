/** A page with a title and a sentence on what it is for. */
import type { ReactNode } from "react";
import { useTitle } from "@/lib/title";

interface Props {
  title: string;
  about: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, about, actions, children }: Props) {
  useTitle(title);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          <p className="quiet">{about}</p>
        </div>
        {actions}
      </header>
      {children}
    </div>
  );
}
