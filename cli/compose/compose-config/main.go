// Command compose-config prints a Compose file as JSON, like `docker compose config --format json`: with extends and include resolved,
// variables interpolated (from the environment and .env) and short forms expanded. Besides it prints what Compose leaves out.
//
// Usage: compose-config FILE [PROFILE...]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

type answer struct {
	Project *types.Project `json:"project,omitempty"`
	// Profiles of the services that are not in the project, by name.
	Disabled map[string][]string `json:"disabled"`
	// Files of variables that do not exist, by service.
	NoEnvFile map[string][]string `json:"noEnvFile"`
	// Variables that the file uses and nobody sets.
	Unset []string `json:"unset"`
	// Variables that the file requires and nobody sets, with the file's message. Then there is no project.
	Missing map[string]string `json:"missing"`
}

func main() {
	logrus.SetOutput(io.Discard)
	result, err := load(os.Args[1], os.Args[2:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Messages of compose-go.
var (
	unsetVariable    = regexp.MustCompile(`^The "([^"]+)" variable is not set`)
	requiredVariable = regexp.MustCompile(`required variable (\w+) is missing a value(?:: (.*))?`)
)

// warnings collects the names of variables that are not set.
type warnings struct{ unset []string }

func (w *warnings) Levels() []logrus.Level { return []logrus.Level{logrus.WarnLevel} }

func (w *warnings) Fire(entry *logrus.Entry) error {
	if match := unsetVariable.FindStringSubmatch(entry.Message); match != nil && !slices.Contains(w.unset, match[1]) {
		w.unset = append(w.unset, match[1])
	}
	return nil
}

func load(file string, profiles []string) (*answer, error) {
	missing := map[string]string{}
	for {
		found := &warnings{unset: []string{}}
		logrus.StandardLogger().ReplaceHooks(logrus.LevelHooks{logrus.WarnLevel: {found}})
		project, err := parse(file, profiles, missing)
		if err != nil {
			// The parser names only the first one.
			match := requiredVariable.FindStringSubmatch(err.Error())
			if match == nil || missing[match[1]] != "" {
				return nil, err
			}
			missing[match[1]] = match[2] + " "
			continue
		}
		project, noEnvFile, err := readEnvFiles(project)
		if err != nil {
			return nil, err
		}
		disabled := map[string][]string{}
		for name, service := range project.DisabledServices {
			disabled[name] = service.Profiles
		}
		slices.Sort(found.unset)
		result := &answer{Project: project, Disabled: disabled, NoEnvFile: noEnvFile, Unset: found.unset, Missing: missing}
		if len(missing) > 0 {
			result.Project = nil
		}
		return result, nil
	}
}

func parse(file string, profiles []string, missing map[string]string) (*types.Project, error) {
	placeholders := []string{}
	for name := range missing {
		placeholders = append(placeholders, name+"=missing")
	}
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithEnv(placeholders),
		cli.WithOsEnv,
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithProfiles(profiles),
		cli.WithResolvedPaths(true),
		cli.WithInterpolation(true),
		cli.WithLoadOptions(func(o *loader.Options) { o.SkipResolveEnvironment = true }),
	)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// readEnvFiles adds the variables of env_file, except of files that do not exist: repositories often have only an example of them.
func readEnvFiles(project *types.Project) (*types.Project, map[string][]string, error) {
	missing := map[string][]string{}
	for name, service := range project.Services {
		service.EnvFiles = slices.DeleteFunc(slices.Clone(service.EnvFiles), func(file types.EnvFile) bool {
			_, err := os.Stat(file.Path)
			if errors.Is(err, os.ErrNotExist) {
				if file.Required {
					missing[name] = append(missing[name], file.Path)
				}
				return true
			}
			return false
		})
		project.Services[name] = service
	}
	resolved, err := project.WithServicesEnvironmentResolved(true)
	return resolved, missing, err
}
