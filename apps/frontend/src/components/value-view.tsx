/** Draws any JSON object for reading: fields as a list, maps of records as tables. */
import { Ago } from "@/components/ago";
import { isObject, type Json, type JsonObject, pretty } from "@/lib/json";
import { visible } from "@/lib/text";

const ROWS = 200; // of one table; the raw view has all
const UNITS: Record<string, string> = { mib: "MiB", ms: "ms" }; // as names of fields end
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

export function ValueView({ value }: { value: JsonObject }) {
  const fields = Object.entries(value);
  const plain = fields.filter(([, each]) => !isObject(each) || isEmpty(each));
  const nested = fields.filter((field): field is [string, JsonObject] => {
    return isObject(field[1]) && !isEmpty(field[1]);
  });
  return (
    <div className="value">
      {plain.length > 0 && (
        <dl className="fields">
          {plain.map(([name, each]) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>
                <Scalar name={name} value={each} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {nested.map(([name, each]) => (
        <section key={name}>
          <h3>{words(name)}</h3>
          {isTable(each) ? <Table rows={each} /> : <ValueView value={each} />}
        </section>
      ))}
    </div>
  );
}

function Table({ rows }: { rows: Record<string, JsonObject> }) {
  const all = Object.entries(rows);
  const shown = all.slice(0, ROWS);
  const columns = [...new Set(shown.flatMap(([, row]) => Object.keys(row)))].slice(0, 7);
  return (
    <div className="table-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">id</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {words(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(([id, row]) => (
            <tr key={id}>
              <th scope="row" title={id}>
                {visible(id)}
              </th>
              {columns.map((column) => (
                <td key={column}>
                  <Scalar name={column} value={row[column]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {all.length > ROWS && <p className="quiet">{all.length - ROWS} more in the raw view</p>}
    </div>
  );
}

function Scalar({ name, value }: { name: string; value: Json | undefined }) {
  if (value === null || value === undefined) return <span className="quiet">–</span>;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    return `${value.toLocaleString("en")} ${UNITS[suffix(name)] ?? ""}`;
  }
  if (typeof value !== "string") return <code>{isEmpty(value) ? "none" : pretty(value)}</code>;
  return ISO.test(value) ? <Ago at={value} /> : <span title={value}>{visible(value)}</span>;
}

function words(name: string): string {
  const shown = suffix(name) in UNITS ? name.slice(0, name.lastIndexOf("_")) : name;
  return visible(shown.replaceAll("_", " "));
}

function suffix(name: string): string {
  return name.slice(name.lastIndexOf("_") + 1);
}

function isEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function isTable(value: JsonObject): value is Record<string, JsonObject> {
  return Object.values(value).every(isObject);
}
