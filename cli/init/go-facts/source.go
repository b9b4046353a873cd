package main

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// source is the packages of the modules, parsed and type-checked as far as that is possible without the modules that they import.
type source struct {
	root     string
	files    *token.FileSet
	info     *types.Info
	packages []*goPackage
	byPath   map[string]*goPackage

	// What is assigned to variables, fields and parameters.
	assigned map[types.Object][]assignment
	// Functions and methods with their bodies.
	functions map[*types.Func]*ast.FuncDecl
	// Prefixes of the routes that are registered in a function literal: r.Route("/api", func(r chi.Router) { … }).
	groups map[types.Object]group
	// Functions that read the variable of the environment that a parameter names.
	envReaders map[*types.Func]envReader
	// Whether viper reads variables of the environment.
	hasAutomaticEnv bool
	// Prefix of those variables, and whether dashes and dots in keys are replaced.
	envPrefix      string
	hasKeyReplacer bool
	// Defaults of flags by name, and of viper by key in lower case.
	flags    map[string][]assignment
	defaults map[string][]assignment
	// Tags of the fields of structs.
	tags map[*types.Var]string
}

type goPackage struct {
	Package
	types   *types.Package
	files   []*ast.File
	checked bool
}

// assignment is an expression that a variable gets its value from.
type assignment struct {
	in   *goPackage
	expr ast.Expr
	// index of the result, if the expression is a call with several.
	index int
	// flag is the position of the name of a flag in the call that sets the variable; -1 if it is none.
	flag int
}

type group struct {
	prefix ast.Expr
	router ast.Expr
}

type envReader struct {
	name int
	// fallback is the parameter with the default; -1 if there is none.
	fallback int
}

func load(input Input) *source {
	s := &source{
		root:  input.Root,
		files: token.NewFileSet(),
		info: &types.Info{
			Defs:       map[*ast.Ident]types.Object{},
			Uses:       map[*ast.Ident]types.Object{},
			Types:      map[ast.Expr]types.TypeAndValue{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		},
		byPath:     map[string]*goPackage{},
		assigned:   map[types.Object][]assignment{},
		functions:  map[*types.Func]*ast.FuncDecl{},
		groups:     map[types.Object]group{},
		envReaders: map[*types.Func]envReader{},
		flags:      map[string][]assignment{},
		defaults:   map[string][]assignment{},
		tags:       map[*types.Var]string{},
	}
	for _, description := range input.Packages {
		p := &goPackage{Package: description}
		for _, name := range description.Files {
			// What can be parsed of a file with errors is enough.
			if file, _ := parser.ParseFile(s.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution); file != nil {
				p.files = append(p.files, file)
			}
		}
		s.packages = append(s.packages, p)
		s.byPath[p.ImportPath] = p
	}
	for _, p := range s.packages {
		s.check(p)
	}
	for _, p := range s.packages {
		s.index(p)
	}
	for s.findEnvReaders() {
	}
	return s
}

// check finds out what the names in a package mean. Errors are ignored: the packages of other modules are missing.
func (s *source) check(p *goPackage) {
	if p.checked {
		return
	}
	p.checked = true
	config := types.Config{
		Importer:                 s,
		Error:                    func(error) {},
		FakeImportC:              true,
		DisableUnusedImportCheck: true,
	}
	p.types, _ = config.Check(p.ImportPath, s.files, p.files, s.info)
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// Import returns a package of the modules, or an empty one.
func (s *source) Import(importPath string) (*types.Package, error) {
	if p, ok := s.byPath[importPath]; ok {
		s.check(p)
		if p.types != nil {
			return p.types, nil
		}
	}
	name := path.Base(importPath)
	if majorVersion.MatchString(name) {
		name = path.Base(path.Dir(importPath))
	}
	name, _, _ = strings.Cut(name, ".")
	name = strings.TrimPrefix(name, "go-")
	name = strings.ReplaceAll(strings.TrimSuffix(name, "-go"), "-", "_")
	empty := types.NewPackage(importPath, name)
	empty.MarkComplete()
	return empty, nil
}

// index records assignments, functions and calls of a package.
func (s *source) index(p *goPackage) {
	for _, file := range p.files {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				if f, ok := s.info.Defs[node.Name].(*types.Func); ok {
					s.functions[f] = node
				}
			case *ast.AssignStmt:
				s.assign(p, node.Lhs, node.Rhs)
			case *ast.ValueSpec:
				names := make([]ast.Expr, len(node.Names))
				for i, name := range node.Names {
					names[i] = name
				}
				s.assign(p, names, node.Values)
			case *ast.RangeStmt:
				s.indexRange(p, node)
			case *ast.StructType:
				if fields, ok := s.info.TypeOf(node).(*types.Struct); ok {
					for i := range fields.NumFields() {
						if fields.Tag(i) != "" {
							s.tags[fields.Field(i)] = fields.Tag(i)
						}
					}
				}
			case *ast.CompositeLit:
				s.indexLiteral(p, node)
			case *ast.CallExpr:
				s.indexCall(p, node)
			}
			return true
		})
	}
}

func (s *source) assign(p *goPackage, left, right []ast.Expr) {
	for i, target := range left {
		if len(right) == len(left) {
			s.record(s.object(target), assignment{p, right[i], 0, -1})
		} else if len(right) == 1 {
			s.record(s.object(target), assignment{p, right[0], i, -1})
		}
	}
}

func (s *source) record(to types.Object, from assignment) {
	if to != nil {
		s.assigned[to] = append(s.assigned[to], from)
	}
}

func (s *source) indexLiteral(p *goPackage, literal *ast.CompositeLit) {
	for i, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				s.record(s.info.Uses[key], assignment{p, pair.Value, 0, -1})
			}
		} else if fields := structOf(s.info.TypeOf(literal)); fields != nil && i < fields.NumFields() {
			s.record(fields.Field(i), assignment{p, element, 0, -1})
		}
	}
}

// indexRange records the elements of a list as values of the variable of a loop.
func (s *source) indexRange(p *goPackage, loop *ast.RangeStmt) {
	if loop.Value == nil {
		return
	}
	lists := []ast.Expr{loop.X}
	for _, from := range s.assigned[s.object(loop.X)] {
		lists = append(lists, from.expr)
	}
	for _, expr := range lists {
		list, ok := expr.(*ast.CompositeLit)
		if !ok {
			continue
		}
		for _, element := range list.Elts {
			if _, isPair := element.(*ast.KeyValueExpr); !isPair {
				s.record(s.object(loop.Value), assignment{p, element, 0, -1})
			}
		}
	}
}

func structOf(t types.Type) *types.Struct {
	if t == nil {
		return nil
	}
	if pointer, ok := t.Underlying().(*types.Pointer); ok {
		t = pointer.Elem()
	}
	fields, _ := t.Underlying().(*types.Struct)
	return fields
}

var flagGetter = regexp.MustCompile(`^(String|Int|Int64|Uint|Uint16|Uint64)P?$`)
var flagSetters = regexp.MustCompile(`^(String|Int|Int64|Uint|Uint16|Uint64)VarP?$`)

func (s *source) indexCall(p *goPackage, call *ast.CallExpr) {
	name := calledName(call)
	if f := s.function(call); f != nil {
		signature := f.Type().(*types.Signature)
		for i, argument := range call.Args {
			if i < signature.Params().Len() {
				s.record(signature.Params().At(i), assignment{p, argument, 0, -1})
			}
		}
	}
	if flagSetters.MatchString(name) && len(call.Args) >= 4 {
		s.record(s.object(call.Args[0]), assignment{p, call, 0, 1})
	}
	switch {
	case name == "AutomaticEnv":
		s.hasAutomaticEnv = true
	case name == "SetEnvPrefix" && len(call.Args) == 1:
		if prefix, ok := s.text(call.Args[0]); ok {
			s.envPrefix = strings.ToUpper(prefix) + "_"
		}
	case name == "SetEnvKeyReplacer" || name == "EnvKeyReplacer":
		s.hasKeyReplacer = true
	case name == "SetDefault" && len(call.Args) == 2:
		if key, ok := s.text(call.Args[0]); ok {
			key = strings.ToLower(key)
			s.defaults[key] = append(s.defaults[key], assignment{p, call.Args[1], 0, -1})
		}
	case flagGetter.MatchString(name) && len(call.Args) >= 3:
		if key, ok := s.text(call.Args[0]); ok {
			s.flags[key] = append(s.flags[key], assignment{p, call.Args[1], 0, -1})
		}
	}
	// r.Route("/api", func(r chi.Router) { … })
	if len(call.Args) >= 2 {
		if literal, ok := call.Args[len(call.Args)-1].(*ast.FuncLit); ok && len(literal.Type.Params.List) > 0 {
			if names := literal.Type.Params.List[0].Names; len(names) > 0 && routerMethods[name] {
				s.groups[s.info.Defs[names[0]]] = group{call.Args[0], receiver(call)}
			}
		}
	}
}

var routerMethods = map[string]bool{"Route": true, "Group": true, "PathPrefix": true, "Party": true}

// object returns the variable or field that an expression names.
func (s *source) object(expr ast.Expr) types.Object {
	switch expr := expr.(type) {
	case *ast.Ident:
		if object := s.info.Defs[expr]; object != nil {
			return object
		}
		return s.info.Uses[expr]
	case *ast.SelectorExpr:
		if selection := s.info.Selections[expr]; selection != nil {
			return selection.Obj()
		}
		return s.info.Uses[expr.Sel]
	case *ast.UnaryExpr:
		return s.object(expr.X)
	case *ast.StarExpr:
		return s.object(expr.X)
	case *ast.ParenExpr:
		return s.object(expr.X)
	}
	return nil
}

// function returns the function or method of the modules that a call calls.
func (s *source) function(call *ast.CallExpr) *types.Func {
	f, _ := s.object(call.Fun).(*types.Func)
	return f
}

// callee returns the package outside the modules and the name of what a call calls: "net/http", "ListenAndServe". The package of methods is "".
func (s *source) callee(call *ast.CallExpr) (string, string) {
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		return s.packageOf(selector), selector.Sel.Name
	}
	return "", calledName(call)
}

// packageOf returns the path of the package that a selector names a member of.
func (s *source) packageOf(selector *ast.SelectorExpr) string {
	if ident, ok := selector.X.(*ast.Ident); ok {
		if name, ok := s.info.Uses[ident].(*types.PkgName); ok {
			return name.Imported().Path()
		}
	}
	return ""
}

func calledName(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		return fun.Sel.Name
	case *ast.Ident:
		return fun.Name
	}
	return ""
}

// text returns the value of a constant.
func (s *source) text(expr ast.Expr) (string, bool) {
	if known := s.info.Types[expr].Value; known != nil && known.Kind() == constant.String {
		return constant.StringVal(known), true
	}
	return "", false
}

// receiver returns what a method is called on.
func receiver(call *ast.CallExpr) ast.Expr {
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		return selector.X
	}
	return nil
}

// findEnvReaders finds functions that read a variable that a parameter names. It returns whether it found new ones.
func (s *source) findEnvReaders() bool {
	isNew := false
	for f, declaration := range s.functions {
		if _, known := s.envReaders[f]; known || declaration.Body == nil {
			continue
		}
		parameters := f.Type().(*types.Signature).Params()
		indexOf := func(expr ast.Expr) int {
			object := s.object(expr)
			for i := range parameters.Len() {
				if object != nil && parameters.At(i) == object {
					return i
				}
			}
			return -1
		}
		reader := envReader{-1, -1}
		ast.Inspect(declaration.Body, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				if name := s.envName(node); name != nil && indexOf(name) >= 0 {
					reader.name = indexOf(name)
				}
			case *ast.ReturnStmt:
				for _, result := range node.Results {
					if i := indexOf(result); i >= 0 {
						reader.fallback = i
					}
				}
			}
			return true
		})
		if reader.name < 0 {
			continue
		}
		if reader.fallback == reader.name {
			reader.fallback = -1
		}
		s.envReaders[f] = reader
		isNew = true
	}
	return isNew
}

var getenvName = regexp.MustCompile(`(?i)^(get|lookup)_?env$`)

// envName returns the expression with the name of the variable that a call reads; nil if it reads none.
func (s *source) envName(call *ast.CallExpr) ast.Expr {
	if len(call.Args) == 0 {
		return nil
	}
	importPath, name := s.callee(call)
	if (importPath == "os" || importPath == "syscall") && (name == "Getenv" || name == "LookupEnv") {
		return call.Args[0]
	}
	if f := s.function(call); f != nil {
		if reader, ok := s.envReaders[f]; ok && reader.name < len(call.Args) {
			return call.Args[reader.name]
		}
		return nil
	}
	// A function that was passed on: getenv("PORT").
	if getenvName.MatchString(name) && importPath == "" {
		return call.Args[0]
	}
	return nil
}

// at returns the place of a node: main.go:12.
func (s *source) at(node ast.Node) string {
	position := s.files.Position(node.Pos())
	file, err := filepath.Rel(s.root, position.Filename)
	if err != nil {
		file = position.Filename
	}
	return filepath.ToSlash(file) + ":" + strconv.Itoa(position.Line)
}
