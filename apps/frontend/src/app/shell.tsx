/** What is around every page: navigation, connection, command palette, keys. */
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import { ConnectionState, OfflineBanner } from "@/app/connection";
import { KeysHelp } from "@/app/keys-help";
import { Palette } from "@/app/palette";
import { ROOMS } from "@/app/rooms";
import { Icon, Logo } from "@/components/icon";
import type { Me } from "@/lib/api";
import { logOut } from "@/lib/queries";
import { useShortcuts } from "@/lib/shortcuts";
import { nextTheme, setTheme, useTheme } from "@/lib/theme";

export function Shell({ me }: { me: Me }) {
  const [open, setOpen] = useState<"palette" | "keys" | null>(null);
  const close = (): void => setOpen(null);
  useShortcuts({
    "mod+k": () => setOpen((now) => (now === "palette" ? null : "palette")),
    "?": () => setOpen("keys"),
    t: () => setTheme(nextTheme()),
  });
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="side">
        <Link to="/" className="brand" aria-label="Orchestra, live context">
          <Logo />
          Orchestra
        </Link>
        <button type="button" className="search-button" onClick={() => setOpen("palette")}>
          <Icon name="search" />
          <span>Go to…</span>
          <kbd>{isMac() ? "⌘K" : "Ctrl K"}</kbd>
        </button>
        <nav aria-label="Rooms" className="rooms">
          {ROOMS.map((room) => (
            <Link
              key={room.to}
              to={room.to}
              activeOptions={{ exact: room.to === "/", includeSearch: false }}
            >
              <Icon name={room.icon} />
              {room.name}
            </Link>
          ))}
        </nav>
        <ConnectionState />
        <Person me={me} onKeys={() => setOpen("keys")} />
      </header>
      <main id="main" tabIndex={-1}>
        <OfflineBanner />
        <Outlet />
      </main>
      {open === "palette" && <Palette onClose={close} onKeys={() => setOpen("keys")} />}
      {open === "keys" && <KeysHelp onClose={close} />}
    </div>
  );
}

function Person({ me, onKeys }: { me: Me; onKeys: () => void }) {
  const theme = useTheme();
  return (
    <div className="person">
      <span className="name" title={`${me.principal.kind}, ${me.scopes.join(", ")}`}>
        {me.principal.name}
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label="Keys"
        title="Keys (?)"
        onClick={onKeys}
      >
        <span aria-hidden="true">?</span>
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={`Theme: ${theme}`}
        title={`Theme: ${theme} (t)`}
        onClick={() => setTheme(nextTheme())}
      >
        <Icon name="theme" />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Log out"
        title="Log out"
        onClick={() => void logOut()}
      >
        <Icon name="leave" />
      </button>
    </div>
  );
}

function isMac(): boolean {
  return /mac|iphone|ipad/i.test(navigator.userAgent);
}
