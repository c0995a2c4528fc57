// What a screen reader says aloud, beside what it reads.

/** Says something when there is a pause. */
export function announce(words) {
  speak("polite", words);
}

/** Says something at once. */
export function alarm(words) {
  speak("assertive", words);
}

function speak(id, words) {
  const region = document.getElementById(id);
  region.textContent = "";
  setTimeout(() => {
    region.textContent = words;
  }, 50);
}
