package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// nodeDNS is an address of the node alone where pods reach its CoreDNS, which forwards to the container's own resolver:
// Docker's is on 127.0.0.11, an address that no pod reaches. The address is NodeLocal DNSCache's
// (https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/).
const nodeDNS = "169.254.20.10"

// prepareHost makes a container fit to be a node and returns its address.
func prepareHost() (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		return "", fmt.Errorf("share mounts with pods: %w (is the container privileged?)", err)
	}
	if err := delegateCgroups("/sys/fs/cgroup"); err != nil {
		return "", fmt.Errorf("cgroups: %w", err)
	}
	if err := useWorkingIPTables(); err != nil {
		return "", err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return "", err
	}
	if out, err := exec.Command("ip", "address", "replace", nodeDNS+"/32", "dev", "lo").CombinedOutput(); err != nil {
		return "", fmt.Errorf("ip address replace %s: %v: %s", nodeDNS, err, out)
	}
	// The source address towards elsewhere; nothing is sent.
	conn, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return "", fmt.Errorf("no route out of the container, so no address for the node: %w", err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

// delegateCgroups lets the kubelet make cgroups: on cgroup v2 no process may remain in a group whose controllers are
// handed on, so all move one level down (as k3s and kind do). On cgroup v1 there is nothing to do.
func delegateCgroups(root string) error {
	controllers, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	below := filepath.Join(root, "init")
	if err := os.MkdirAll(below, 0o755); err != nil {
		return err
	}
	pids, err := os.ReadFile(filepath.Join(root, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(pids)) {
		if err := os.WriteFile(filepath.Join(below, "cgroup.procs"), []byte(pid), 0o644); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+strings.Join(strings.Fields(string(controllers)), " +")), 0o644)
}

// useWorkingIPTables changes to the legacy tables where the kernel has no nf_tables.
func useWorkingIPTables() error {
	if exec.Command("iptables", "-t", "nat", "-S").Run() == nil {
		return nil
	}
	for _, name := range []string{"iptables", "ip6tables"} {
		if out, err := exec.Command("update-alternatives", "--set", name, "/usr/sbin/"+name+"-legacy").CombinedOutput(); err != nil {
			return fmt.Errorf("update-alternatives %s: %v: %s", name, err, out)
		}
	}
	if out, err := exec.Command("iptables", "-t", "nat", "-S").CombinedOutput(); err != nil {
		return fmt.Errorf("iptables works neither with nf_tables nor with the legacy tables: %s", out)
	}
	return nil
}
