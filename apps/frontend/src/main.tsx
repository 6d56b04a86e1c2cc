/** Starts the dashboard. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followLoginLinks, takeLoginCode } from "@/lib/login";
import { queries } from "@/lib/queries";
import { applyTheme } from "@/lib/theme";
import { createAppRouter } from "@/router";
import "@/styles/index.css";

applyTheme();
await takeLoginCode();
followLoginLinks();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={createAppRouter()} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
