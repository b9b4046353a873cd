// A service whose only vulnerability, besides those of Go itself, nobody calls. A test changes one line.
package main

import (
	"fmt"
	"net/http"
	"os"

	"golang.org/x/text/language"
)

func main() {
	http.HandleFunc("/", greet)
	fmt.Println(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}

func greet(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, language.English)
}
