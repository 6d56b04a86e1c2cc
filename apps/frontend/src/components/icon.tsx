/** Line icons of 16 units, drawn in the colour of the text beside them. */

const PATHS = {
  context: "M2 12.5a6 6 0 0 1 12 0M5 12.5a3 3 0 0 1 6 0M8 12.5v.01",
  memory: "M4 2h9v12H4zM4 5H2.5M4 8H2.5M4 11H2.5M7 5.5h3.5M7 8.5h3.5",
  tasks: "M2.5 4 3.5 5 5.5 3M2.5 8 3.5 9 5.5 7M2.5 12l1 1 2-2M8 4h5.5M8 8h5.5M8 12h5.5",
  approvals: "M8 2 13 4v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4zM5.5 8 7.3 9.8 10.6 6.2",
  agents: "M3.5 6h9v7h-9zM8 6V3.5M8 3.5v-.01M6 9v.01M10 9v.01M1.5 9v2M14.5 9v2",
  models: "M2.5 13.5h11M4.5 13.5V9M8 13.5V3M11.5 13.5V6.5",
  audit: "M4 2h8v12H4zM6 5h4M6 8h4M6 11h2",
  sources: "M8 2v4M4 6h8v3a4 4 0 0 1-8 0zM8 13v1.5",
  keys: "M9.5 6.5a3.5 3.5 0 1 0-2.4 3.3L8.5 11H10v1.5h1.5V14H14v-2.2L9.8 7.6M5.5 6h.01",
  about: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 7.5V11M8 5v.01",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.5 10.5 14 14",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  branch:
    "M4.5 5.5v5M4.5 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M4.5 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M11.5 6.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M11.5 6.5c0 3-7 1.5-7 4",
  download: "M8 2.5v7.5M4.5 7 8 10.5 11.5 7M3 13.5h10",
  up: "M4 9.5 8 5.5l4 4",
  down: "M4 6.5l4 4 4-4",
  theme: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 2v12M8 5l4-1M8 8h6M8 11l4 1",
  leave: "M9.5 3V2.5h-7v11h7V13M6 8h8M11.5 5.5 14 8l-2.5 2.5",
  commit: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M8 2v3.5M8 10.5V14",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2.5 17.5a9.5 9.5 0 0 1 19 0M7 17.5a5 5 0 0 1 10 0" />
      <circle cx="12" cy="17.5" r="1.7" />
    </svg>
  );
}
