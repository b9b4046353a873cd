// Command go-facts prints what the source of Go programs says about them: where they listen, which routes, environment variables and files
// they have. It reads the packages as JSON from standard input, and needs none of the modules that they import.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Input names the packages of the modules, as `go list` prints them.
type Input struct {
	// Root is the folder that places are relative to.
	Root     string    `json:"root"`
	Packages []Package `json:"packages"`
}

// Package is a package of the modules.
type Package struct {
	Dir        string   `json:"dir"`
	ImportPath string   `json:"importPath"`
	Files      []string `json:"files"`
}

// Program is a main package, with the facts of all packages that it imports.
type Program struct {
	ImportPath string `json:"importPath"`
	// Imports of packages outside the modules.
	Imports []string `json:"imports"`
	Listens []Listen `json:"listens"`
	Routes  []Route  `json:"routes"`
	Env     []Env    `json:"env"`
	Assets  []Asset  `json:"assets"`
	// Servers that it creates: http, grpc; and how they listen: plain, tls.
	Servers []string `json:"servers"`
	// HandlesSignals is whether it handles signals, as programs do that run until they are stopped.
	HandlesSignals bool `json:"handlesSignals"`
}

// Listen is a call that listens.
type Listen struct {
	// Values of its address. None if the source does not say.
	Values []Value `json:"values"`
	// IsHTTP is whether the call itself serves HTTP.
	IsHTTP bool   `json:"isHttp"`
	At     string `json:"at"`
}

// Value is a text that an expression may have. A variable of the environment is ${NAME} in it.
type Value struct {
	Text string `json:"text"`
	// Env is the name of the variable in Text.
	Env string `json:"env,omitempty"`
	// Flag is the name of the flag whose default the text is.
	Flag string `json:"flag,omitempty"`
}

// Route is a path that a handler is registered for.
type Route struct {
	Path string `json:"path"`
	At   string `json:"at"`
}

// Env is a read of a variable of the environment.
type Env struct {
	Name string `json:"name"`
	// Default is the value without the variable. Missing if the source does not say.
	Default *string `json:"default,omitempty"`
	// IsOptional is whether the program goes on without it.
	IsOptional bool   `json:"isOptional"`
	At         string `json:"at"`
}

// Asset is a file, folder or pattern that is read from the working directory.
type Asset struct {
	Path string `json:"path"`
	At   string `json:"at"`
}

func main() {
	var input Input
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(programs(input)); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// programs returns the facts of all main packages.
func programs(input Input) []Program {
	source := load(input)
	found := []Program{}
	for _, p := range source.packages {
		if p.types != nil && p.types.Name() == "main" {
			found = append(found, source.program(p))
		}
	}
	return found
}
