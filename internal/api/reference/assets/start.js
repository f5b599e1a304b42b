"use strict";

// Swagger UI carries its own dark sheet under html.dark-mode and leaves the choice to the page.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

SwaggerUIBundle({
  url: document.getElementById("spec").href,
  dom_id: "#reference",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  // Swagger UI sends the document to a public validator unless told not to.
  validatorUrl: null,
  // A key typed here must not outlive the tab: localStorage is readable by every script of this origin.
  persistAuthorization: false,
});
