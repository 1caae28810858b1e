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

// A new question scrolls to the top of the conversation, so that its answer is read from the start.
const watchConversation = () => {
  const chat = document.getElementById("conversation");
  if (!chat) return void setTimeout(watchConversation, 300);
  let known = 0;
  new MutationObserver(() => {
    const asked = chat.querySelectorAll(".user.message, .user .message, .message.user");
    if (asked.length > known) {
      const last = asked[asked.length - 1];
      let frame = last.parentElement;
      while (frame && frame.scrollHeight <= frame.clientHeight + 1) frame = frame.parentElement;
      if (frame && chat.contains(frame)) {
        frame.scrollTop += last.getBoundingClientRect().top - frame.getBoundingClientRect().top - 8;
      }
    }
    known = asked.length;
  }).observe(chat, { childList: true, subtree: true });
};
watchConversation();
