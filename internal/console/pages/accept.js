"use strict";
const $ = id => document.getElementById(id), form = document.forms[0], password = $("password"), button = form.querySelector("button");
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const show = id => {
  for (const section of document.querySelectorAll("section")) section.hidden = section.id !== id;
  const heading = $(id).querySelector("h1");
  document.title = heading.textContent;
  if (id !== "asking") heading.focus();
};
if (!token) show("none");
const length = () => [...password.value].length;
const complain = text => {
  $("error").textContent = text;
  $("error").hidden = !text;
  password.toggleAttribute("aria-invalid", !!text);
  if (text) { password.setAttribute("aria-invalid", "true"); password.setAttribute("aria-describedby", "error hint"); password.focus(); }
};
const warn = text => { $("alert").textContent = text; $("alert").hidden = !text; };
password.addEventListener("input", () => {
  $("count").textContent = length() ? length() + " characters" : "";
  complain("");
});
$("show").addEventListener("change", e => { password.type = e.target.checked ? "text" : "password"; });
const send = () => fetch("/api/auth/accept", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token, password: password.value }) });
const answered = async answer => {
  if (answer.ok) { form.reset(); return show("done"); }
  if (answer.status === 401) return show("over");
  if (answer.status === 429) return warn("Too many attempts came from your network. Wait a minute, then try again.");
  const fault = await answer.json().catch(() => ({}));
  const of = (fault.error?.details?.fields || []).find(f => f.path === "/password");
  if (of) return complain("The password " + of.message + ".");
  warn("That did not work, and it is not your fault. Try again in a moment.");
};
form.addEventListener("submit", async e => {
  e.preventDefault();
  warn("");
  if (length() < 15) return complain("The password needs at least 15 characters; this has " + length() + ".");
  button.disabled = true;
  try { await answered(await send()); } catch { warn("There is no connection to the server. Check yours, then try again."); }
  button.disabled = false;
});
