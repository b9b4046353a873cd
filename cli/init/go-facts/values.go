package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"path"
	"reflect"
	"regexp"
	"strings"
)

const (
	maxDepth  = 12
	maxValues = 16
)

// evaluation computes the values that expressions of a program may have.
type evaluation struct {
	*source
	// scope is the packages of the program: what others assign does not count.
	scope map[*goPackage]bool
	// known is the values of variables that were looked up before, also of those that are being looked up.
	known map[types.Object][]Value
	// bound is the arguments of the calls that are being evaluated, by parameter.
	bound map[types.Object][]Value
}

func (e *evaluation) values(expr ast.Expr) []Value {
	return e.evaluate(expr, 0, 0)
}

// literal returns the only value of an expression, if it is a text.
func (e *evaluation) literal(expr ast.Expr) (string, bool) {
	values := e.values(expr)
	if len(values) != 1 || values[0].Env != "" {
		return "", false
	}
	return values[0].Text, true
}

func (e *evaluation) evaluate(expr ast.Expr, index, depth int) []Value {
	if depth > maxDepth || expr == nil {
		return nil
	}
	if known := e.info.Types[expr].Value; known != nil {
		if known.Kind() == constant.String {
			return []Value{{Text: constant.StringVal(known)}}
		}
		return []Value{{Text: known.ExactString()}}
	}
	switch expr := expr.(type) {
	case *ast.BasicLit:
		return []Value{{Text: strings.Trim(expr.Value, "\"`")}}
	case *ast.ParenExpr:
		return e.evaluate(expr.X, index, depth+1)
	case *ast.StarExpr:
		return e.evaluate(expr.X, index, depth+1)
	case *ast.UnaryExpr:
		return e.evaluate(expr.X, index, depth+1)
	case *ast.BinaryExpr:
		if expr.Op == token.ADD {
			return join("", e.evaluate(expr.X, 0, depth+1), e.evaluate(expr.Y, 0, depth+1))
		}
	case *ast.Ident, *ast.SelectorExpr:
		return e.variable(e.object(expr), depth)
	case *ast.CallExpr:
		return e.call(expr, index, depth)
	}
	return nil
}

// variable returns everything that is assigned to a variable, field or parameter.
func (e *evaluation) variable(object types.Object, depth int) []Value {
	if object == nil {
		return nil
	}
	if known, ok := object.(*types.Const); ok && known.Val().Kind() == constant.String {
		return []Value{{Text: constant.StringVal(known.Val())}}
	}
	if values, ok := e.bound[object]; ok {
		return values
	}
	if values, ok := e.known[object]; ok {
		return values
	}
	e.known[object] = nil // what is assigned from itself adds nothing
	values := e.tagged(object)
	for _, from := range e.assigned[object] {
		if !e.scope[from.in] {
			continue
		}
		if from.flag >= 0 {
			values = append(values, e.flag(from.expr.(*ast.CallExpr), from.flag, depth)...)
		} else {
			values = append(values, e.evaluate(from.expr, from.index, depth+1)...)
		}
	}
	if len(e.bound) > 0 {
		delete(e.known, object) // what depends on arguments is different in the next call
	} else {
		e.known[object] = unique(values)
	}
	return unique(values)
}

// flag returns the default of a flag, whose name is an argument of the call.
func (e *evaluation) flag(call *ast.CallExpr, at, depth int) []Value {
	fallback := at + 1
	if strings.HasSuffix(calledName(call), "P") {
		fallback++
	}
	name, ok := e.literal(call.Args[at])
	if !ok || fallback >= len(call.Args) {
		return nil
	}
	values := e.evaluate(call.Args[fallback], 0, depth+1)
	for i := range values {
		values[i].Flag = name
	}
	// viper takes flags from the environment too.
	if variable := e.viperName(name); variable != "" {
		values = append(values, fromEnv(variable))
	}
	return values
}

func fromEnv(name string) Value {
	return Value{Text: "${" + name + "}", Env: name}
}

// viperName is the variable that viper reads for a key; empty if it reads none.
func (s *source) viperName(key string) string {
	if !s.hasAutomaticEnv || !s.hasKeyReplacer && strings.ContainsAny(key, "-.") {
		return ""
	}
	return s.envPrefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(key))
}

var verb = regexp.MustCompile(`%[sdv]`)

func (e *evaluation) call(call *ast.CallExpr, index, depth int) []Value {
	argument := func(i int) []Value {
		if i < len(call.Args) {
			return e.evaluate(call.Args[i], 0, depth+1)
		}
		return nil
	}
	if name := e.envName(call); name != nil {
		key, ok := e.literal(name)
		if !ok {
			return nil
		}
		values := []Value{fromEnv(key)}
		if reader, ok := e.envReaders[e.function(call)]; ok && reader.fallback >= 0 {
			values = append(values, argument(reader.fallback)...)
		}
		return values
	}
	importPath, name := e.callee(call)
	switch importPath + "." + name {
	case "fmt.Sprintf":
		return e.format(call, depth)
	case "fmt.Sprint":
		parts := []Value{{}}
		for i := range call.Args {
			parts = join("", parts, argument(i))
		}
		return parts
	case "net.JoinHostPort":
		return join(":", argument(0), argument(1))
	case "path.Join", "path/filepath.Join":
		parts := argument(0)
		for i := 1; i < len(call.Args); i++ {
			parts = join("/", parts, argument(i))
		}
		for i := range parts {
			parts[i].Text = path.Clean(parts[i].Text)
		}
		return parts
	case "cmp.Or":
		var all []Value
		for i := range call.Args {
			all = append(all, argument(i)...)
		}
		return unique(all)
	case "strconv.Itoa", "strconv.Atoi", "strconv.ParseInt", "strconv.FormatInt", "strconv.ParseUint", "strings.TrimSpace",
		"path/filepath.FromSlash", "path.Clean", "path/filepath.Clean":
		return argument(0)
	case ".string", ".int", ".uint16":
		return argument(0)
	}
	f := e.function(call)
	if f == nil {
		// flag.String("addr", ":8080", "…"), and the same of a FlagSet or of pflag.
		if flagGetter.MatchString(name) && len(call.Args) >= 3 {
			return e.flag(call, 0, depth)
		}
		if (name == "GetString" || name == "GetInt") && len(call.Args) == 1 {
			if key, ok := e.literal(call.Args[0]); ok {
				return e.viper(key, depth)
			}
		}
		return nil
	}
	bound := maps.Clone(e.bound)
	arguments := map[types.Object][]Value{}
	parameters := f.Type().(*types.Signature).Params()
	for i := range min(parameters.Len(), len(call.Args)) {
		arguments[parameters.At(i)] = argument(i)
	}
	maps.Copy(e.bound, arguments)
	values := e.results(f, index, depth)
	e.bound = bound
	return values
}

// viper returns the values of a key of viper: of the environment, of flags and defaults.
func (e *evaluation) viper(key string, depth int) []Value {
	var values []Value
	if variable := e.viperName(key); variable != "" {
		values = append(values, fromEnv(variable))
	}
	values = append(values, e.viperDefault(key, depth)...)
	for _, flag := range e.flags[key] {
		if e.scope[flag.in] {
			values = append(values, e.evaluate(flag.expr, 0, depth+1)...)
		}
	}
	return unique(values)
}

// results returns what a function of the modules returns.
func (e *evaluation) results(f *types.Func, index, depth int) []Value {
	declaration := e.functions[f]
	if declaration == nil || declaration.Body == nil {
		return nil
	}
	var values []Value
	ast.Inspect(declaration.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if index < len(node.Results) {
				values = append(values, e.evaluate(node.Results[index], 0, depth+1)...)
			}
		}
		return true
	})
	return unique(values)
}

// viperDefault returns the values of viper.SetDefault(key, …).
func (e *evaluation) viperDefault(key string, depth int) []Value {
	var values []Value
	for _, call := range e.defaults[strings.ToLower(key)] {
		if e.scope[call.in] {
			values = append(values, e.evaluate(call.expr, 0, depth+1)...)
		}
	}
	return values
}

func (e *evaluation) format(call *ast.CallExpr, depth int) []Value {
	if len(call.Args) == 0 {
		return nil
	}
	format, ok := e.literal(call.Args[0])
	if !ok {
		return nil
	}
	values := []Value{{}}
	next := 1
	rest := format
	for {
		place := verb.FindStringIndex(rest)
		if place == nil || next >= len(call.Args) {
			return join("", values, []Value{{Text: rest}})
		}
		values = join(rest[:place[0]], values, e.evaluate(call.Args[next], 0, depth+1))
		rest = rest[place[1]:]
		next++
	}
}

// tagged returns the variable and the default in the tag of a field: `env:"PORT" envDefault:"8080"`.
func (e *evaluation) tagged(object types.Object) []Value {
	field, ok := object.(*types.Var)
	if !ok || !field.IsField() {
		return nil
	}
	tag, ok := e.tags[field]
	if !ok {
		return nil
	}
	found, ok := parseTag(tag)
	if !ok {
		// viper copies its values into the field.
		if key := reflect.StructTag(tag).Get("mapstructure"); key != "" && key != "-" && !strings.Contains(key, ",") {
			return e.viper(key, 0)
		}
		return nil
	}
	values := []Value{fromEnv(found.Name)}
	if found.Default != nil {
		values = append(values, Value{Text: *found.Default})
	}
	return values
}

// parseTag reads the tags of caarlos0/env, envconfig, go-envconfig and cleanenv.
func parseTag(text string) (Env, bool) {
	tag := reflect.StructTag(text)
	key := tag.Get("env")
	if key == "" {
		key = tag.Get("envconfig")
	}
	if key == "" {
		return Env{}, false
	}
	parts := strings.Split(key, ",")
	env := Env{Name: strings.TrimSpace(parts[0])}
	if env.Name == "" || env.Name == "-" {
		return Env{}, false
	}
	for _, part := range parts[1:] {
		if value, ok := strings.CutPrefix(strings.TrimSpace(part), "default="); ok {
			env.Default = &value
		}
	}
	for _, name := range []string{"envDefault", "env-default", "default"} {
		if value, ok := tag.Lookup(name); ok {
			env.Default = &value
		}
	}
	return env, true
}

// join returns all combinations of two lists, limited in number.
func join(separator string, left, right []Value) []Value {
	var all []Value
	for _, a := range left {
		for _, b := range right {
			joined := Value{Text: a.Text + separator + b.Text, Env: a.Env, Flag: a.Flag}
			if joined.Env == "" {
				joined.Env = b.Env
			}
			if joined.Flag == "" {
				joined.Flag = b.Flag
			}
			all = append(all, joined)
		}
	}
	return unique(all)
}

func unique(values []Value) []Value {
	var all []Value
	seen := map[Value]bool{}
	for _, value := range values {
		if !seen[value] && len(all) < maxValues {
			seen[value] = true
			all = append(all, value)
		}
	}
	return all
}
