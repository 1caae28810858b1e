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

// A new question scrolls to the top of the conversation, or of a narrow page, and does so again when
// its answer begins, which is then read from the start.
const scrolls = (one) =>
  one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY);
const watchConversation = () => {
  const chat = document.getElementById("conversation");
  if (!chat) return void setTimeout(watchConversation, 300);
  let known = 0;
  new MutationObserver(() => {
    const asked = chat.querySelectorAll(".user.message");
    const answers = [...chat.querySelectorAll(".answer")];
    const count = asked.length + answers.length;
    // «More details» is about the last answer. Hidden first: what follows moves up.
    answers.forEach((one, place) => {
      const more = one.querySelector("a.more");
      if (more) more.hidden = place < answers.length - 1;
    });
    if (asked.length && count > known) {
      const last = asked[asked.length - 1];
      let frame = last.parentElement;
      while (frame && !scrolls(frame)) frame = frame.parentElement;
      if (frame && chat.contains(frame)) {
        frame.scrollTop += last.getBoundingClientRect().top - frame.getBoundingClientRect().top - 8;
      } else if (window.matchMedia("(max-width: 700px)").matches) {
        last.scrollIntoView({ block: "start" });
      }
    }
    known = count;
  }).observe(chat, { childList: true, subtree: true });
};
watchConversation();

// What can be done with an answer: say more, change the question it answered, copy it, report a citation.
const write = (box, text) => {
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
};
// One question at a time: the next is sent once the answer is complete, and waits in the box until then.
const busy = () => document.getElementById("send")?.disabled;
const boxOf = (id) => document.querySelector(`#${id} textarea, #${id} input`);
const followUp = (text) => {
  if (busy()) return;
  const box = boxOf("follow-up");
  write(box, text);
  box.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true }));
};
const edit = (text) => {
  const box = boxOf("question");
  write(box, text);
  box.focus();
};
const done = (link) => { link.textContent = link.title; link.setAttribute("role", "status"); };
const copyAnswer = async (link) => {
  const answer = link.closest(".answer");
  const body = answer.cloneNode(true);
  body.querySelectorAll(".actions, .resolved").forEach((part) => part.remove());
  const text = [...body.querySelectorAll("p, li, h3")].map((part) => part.textContent.trim());
  const seen = new Set([...answer.querySelectorAll("a.reference")].map((one) => one.hash.slice(1)));
  const sources = [...seen].map((id) => document.getElementById(id)).filter(Boolean).map((card) => {
    const facts = card.querySelector(".facts")?.textContent ?? "";
    const verdict = card.querySelector(".verdict")?.textContent ?? "";
    return `[${card.querySelector(".number").textContent}] ${card.querySelector("summary").textContent.trim().slice(2).trim()} (${facts}) ${verdict}`;
  });
  await navigator.clipboard.writeText([...text, "", ...sources].join("\n"));
  done(link);
};
const saveFile = (link) => {
  const content = link.parentElement.querySelector("code").textContent;
  const file = document.createElement("a");
  file.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  file.download = link.hash.slice(1);
  file.click();
  URL.revokeObjectURL(file.href);
};
const openDiagnosis = () => {
  document.getElementById("territory-tab-button")?.click();
  setTimeout(() => {
    const title = document.getElementById("self-diagnosis");
    if (!title) return;
    title.tabIndex = -1;
    title.scrollIntoView({ block: "start" });
    title.focus();
  }, 200);
};
document.addEventListener("keypress", (event) => {
  if (event.key !== "Enter" || !busy() || !event.target.closest("#question")) return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("click", (event) => {
  const link = event.target.closest ? event.target.closest("a.more, a.edit, a.copy, a.signal, a.save, a.to-diagnosis, a.language") : null;
  if (!link) return;
  event.preventDefault();
  if (link.classList.contains("more")) followUp(link.textContent);
  if (link.classList.contains("edit")) edit(link.parentElement.querySelector("span").textContent);
  if (link.classList.contains("copy")) copyAnswer(link);
  if (link.classList.contains("save")) saveFile(link);
  if (link.classList.contains("to-diagnosis")) openDiagnosis();
  // Gradio opens every link in a new tab: the page in another language takes the place of this one.
  if (link.classList.contains("language")) location.assign(link.href);
  if (link.classList.contains("signal")) {
    fetch(link.href, { method: "POST" }).then((reply) => reply.ok && done(link));
  }
});
