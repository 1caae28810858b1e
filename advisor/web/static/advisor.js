// A citation opens its card in the sources panel; the card's summary takes the focus.
document.addEventListener("click", (event) => {
  const link = event.target.closest ? event.target.closest('a[href*="#source-"]') : null;
  if (!link) return;
  const card = document.getElementById(link.getAttribute("href").split("#")[1]);
  if (!card) return;
  event.preventDefault();
  card.open = true;
  card.scrollIntoView({ behavior: "auto", block: "start" });
  card.querySelector("summary").focus();
});
