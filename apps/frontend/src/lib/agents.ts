/** How an agent is connected: what goes into its MCP configuration. */

export function mcpUrl(origin: string = location.origin): string {
  return `${origin}/mcp`;
}

/** The content of `.mcp.json`; the key stays in the environment, not in the file. */
export function mcpConfig(origin?: string): string {
  const server = {
    type: "http",
    url: mcpUrl(origin),
    headers: { Authorization: `Bearer \${ORCHESTRA_KEY}` },
  };
  return JSON.stringify({ mcpServers: { orchestra: server } }, null, 2);
}
